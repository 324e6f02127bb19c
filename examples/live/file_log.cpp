// Files of events by Apache's TFileTransport, for the test `live_file`.
//
//   file_log write FILE CHUNK           appends each line of standard input, in hexadecimal; says
//                                       "flushed" after an empty one
//   file_log read CHUNK                 reads each file that standard input names, and prints its
//                                       events, then "end" or "error" and the reason
//   file_log tail FILE CHUNK COUNT      prints so many events as they come

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <thrift/TOutput.h>
#include <thrift/transport/TFileTransport.h>

using apache::thrift::GlobalOutput;
using apache::thrift::transport::TFileTransport;

static std::string hex(const std::vector<uint8_t>& bytes, uint32_t length) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (uint32_t i = 0; i < length; i++) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

static std::vector<uint8_t> bytes(const std::string& hex) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

static int write(const std::string& path, uint32_t chunk) {
  TFileTransport file(path);
  file.setChunkSize(chunk);
  file.setFlushMaxUs(10000);
  std::string line;
  while (std::getline(std::cin, line)) {
    if (line.empty()) {
      file.flush();
      std::cout << "flushed" << std::endl;
    } else {
      std::vector<uint8_t> event = bytes(line);
      file.write(event.data(), static_cast<uint32_t>(event.size()));
    }
  }
  file.flush();
  return 0;
}

static std::unique_ptr<TFileTransport> open(const std::string& path, uint32_t chunk) {
  std::unique_ptr<TFileTransport> file(new TFileTransport(path, true));
  file->setChunkSize(chunk);
  // With a larger buffer it takes the chunk at the start of the buffer for that of the event, and
  // reads events again after damage.
  file->setReadBuffSize(chunk);
  return file;
}

static int read(uint32_t chunk) {
  std::vector<uint8_t> event(chunk);
  std::string path;
  while (std::getline(std::cin, path)) {
    try {
      std::unique_ptr<TFileTransport> file = open(path, chunk);
      while (uint32_t length = file->read(event.data(), chunk)) {
        std::cout << hex(event, length) << "\n";
      }
      std::cout << "end" << std::endl;
    } catch (const std::exception& error) {
      std::cout << "error " << error.what() << std::endl;
    }
  }
  return 0;
}

static int tail(const std::string& path, uint32_t chunk, int count) {
  std::vector<uint8_t> event(chunk);
  std::unique_ptr<TFileTransport> file = open(path, chunk);
  file->setReadTimeout(TFileTransport::TAIL_READ_TIMEOUT);
  file->setEofSleepTimeUs(1000);
  std::cout << "tailing" << std::endl;
  while (count-- > 0) {
    uint32_t length = file->read(event.data(), chunk);
    std::cout << hex(event, length) << std::endl;
  }
  return 0;
}

static void quiet(const char*) {}

int main(int argc, char** argv) {
  GlobalOutput.setOutputFunction(quiet);
  std::string command = argc > 1 ? argv[1] : "";
  if (command == "write" && argc == 4) {
    return write(argv[2], static_cast<uint32_t>(std::atoi(argv[3])));
  }
  if (command == "read" && argc == 3) {
    return read(static_cast<uint32_t>(std::atoi(argv[2])));
  }
  if (command == "tail" && argc == 5) {
    return tail(argv[2], static_cast<uint32_t>(std::atoi(argv[3])), std::atoi(argv[4]));
  }
  std::cerr << "file_log write FILE CHUNK | read CHUNK | tail FILE CHUNK COUNT" << std::endl;
  return 2;
}
