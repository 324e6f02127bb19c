// Apache's C++ library, for the differential test: reads each value that it is sent and writes it
// again.
//
// Standard input has requests, one after the other: a byte for the protocol, the length of a value as
// four bytes (lowest first), the value. For each there is an answer on standard output: a byte, 0 for a
// value and 1 for the text of an error, a length, and as many bytes.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <vector>

#include <sys/resource.h>

#include <thrift/TConfiguration.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/protocol/TCompactProtocol.h>
#include <thrift/protocol/TJSONProtocol.h>
#include <thrift/transport/TBufferTransports.h>

#include "interop_types.h"

using apache::thrift::TConfiguration;
using apache::thrift::protocol::TBinaryProtocol;
using apache::thrift::protocol::TCompactProtocol;
using apache::thrift::protocol::TJSONProtocol;
using apache::thrift::protocol::TProtocol;
using apache::thrift::transport::TMemoryBuffer;

// No string or container of a value may have more than so many bytes or elements, 0 for any number.
static std::shared_ptr<TProtocol> protocol(int which, std::shared_ptr<TMemoryBuffer> buffer, int32_t max) {
  switch (which) {
    case 0:
      return std::make_shared<TBinaryProtocol>(buffer, max, max, false, true);
    case 1:
      return std::make_shared<TCompactProtocol>(buffer, max, max);
    case 2:
      return std::make_shared<TJSONProtocol>(buffer);
  }
  std::exit(3);
}

// The library checks what a container declares against the size of the message, but not that of
// structs, and makes room for as many as are declared. So it is told, as far as it can be.
static std::string through(int which, std::vector<uint8_t>& bytes) {
  auto size = static_cast<uint32_t>(bytes.size());
  auto config = std::make_shared<TConfiguration>(size);
  auto source = std::make_shared<TMemoryBuffer>(bytes.data(), size, TMemoryBuffer::OBSERVE, config);
  Everything value;
  value.read(protocol(which, source, bytes.size()).get());
  if (source->available_read() > 0) {
    throw std::runtime_error("more bytes follow");
  }
  auto target = std::make_shared<TMemoryBuffer>();
  value.write(protocol(which, target, 0).get());
  return target->getBufferAsString();
}

static bool take(void* into, size_t size) {
  return size == 0 || std::fread(into, size, 1, stdin) == 1;
}

static uint32_t length() {
  uint8_t bytes[4];
  if (!take(bytes, 4)) {
    std::exit(2);
  }
  return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | static_cast<uint32_t>(bytes[3]) << 24;
}

static void answer(uint8_t verdict, const std::string& text) {
  auto size = static_cast<uint32_t>(text.size());
  uint8_t head[5] = {verdict, uint8_t(size), uint8_t(size >> 8), uint8_t(size >> 16), uint8_t(size >> 24)};
  std::fwrite(head, 5, 1, stdout);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

int main() {
  // The JSON protocol takes no limits.
  rlimit memory = {512u << 20, 512u << 20};
  setrlimit(RLIMIT_AS, &memory);
  uint8_t which;
  while (take(&which, 1)) {
    std::vector<uint8_t> bytes(length());
    if (!take(bytes.data(), bytes.size())) {
      return 2;
    }
    try {
      answer(0, through(which, bytes));
    } catch (const std::exception& error) {
      answer(1, error.what());
    }
  }
  return 0;
}
