// Apache's SASL transports for Java, at both ends, with the mechanism PLAIN. Java has no server's side
// of that, so here is one, as Hive has its own.
//
//   java SaslPeer server                        says `listening on <port>`
//   java SaslPeer client <port> <user> <password> <text>   says what the server makes of the text

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.Provider;
import java.security.Security;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import javax.security.auth.callback.NameCallback;
import javax.security.auth.callback.PasswordCallback;
import javax.security.sasl.SaslException;
import javax.security.sasl.SaslServer;
import javax.security.sasl.SaslServerFactory;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.server.TThreadPoolServer;
import org.apache.thrift.transport.TSaslClientTransport;
import org.apache.thrift.transport.TSaslServerTransport;
import org.apache.thrift.transport.TServerSocket;
import org.apache.thrift.transport.TSocket;

public class SaslPeer {
  public static void main(String[] args) throws Exception {
    if (args[0].equals("server")) {
      serve();
    } else {
      call(Integer.parseInt(args[1]), args[2], args[3], args[4]);
    }
  }

  private static void serve() throws Exception {
    Security.addProvider(new PlainProvider());
    TServerSocket socket =
        new TServerSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    CallbackHandler none = callbacks -> {};
    TSaslServerTransport.Factory transports =
        new TSaslServerTransport.Factory("PLAIN", "any", "localhost", Collections.emptyMap(), none);
    Second.Iface upper = text -> text.toUpperCase(Locale.ROOT);
    TThreadPoolServer.Args options =
        new TThreadPoolServer.Args(socket)
            .processor(new Second.Processor<>(upper))
            .transportFactory(transports)
            .protocolFactory(new TBinaryProtocol.Factory());
    System.out.println("listening on " + socket.getServerSocket().getLocalPort());
    new TThreadPoolServer(options).serve();
  }

  private static void call(int port, String user, String password, String text) throws Exception {
    CallbackHandler login =
        callbacks -> {
          for (Callback callback : callbacks) {
            if (callback instanceof NameCallback) {
              ((NameCallback) callback).setName(user);
            } else {
              ((PasswordCallback) callback).setPassword(password.toCharArray());
            }
          }
        };
    TSaslClientTransport transport =
        new TSaslClientTransport(
            "PLAIN", null, "any", "localhost", null, login, new TSocket("127.0.0.1", port, 20_000));
    transport.open();
    Second.Client client = new Second.Client(new TBinaryProtocol(transport));
    for (int turn = 0; turn < 3; turn++) {
      System.out.println(client.upper(text));
    }
    transport.close();
  }

  public static class PlainProvider extends Provider {
    public PlainProvider() {
      super("PlainServer", "1", "the server's side of PLAIN");
      put("SaslServerFactory.PLAIN", PlainFactory.class.getName());
    }
  }

  public static class PlainFactory implements SaslServerFactory {
    @Override
    public SaslServer createSaslServer(
        String mechanism, String protocol, String name, Map<String, ?> props, CallbackHandler handler) {
      return new PlainServer();
    }

    @Override
    public String[] getMechanismNames(Map<String, ?> props) {
      return new String[] {"PLAIN"};
    }
  }

  private static class PlainServer implements SaslServer {
    private String user;

    @Override
    public byte[] evaluateResponse(byte[] response) throws SaslException {
      String[] parts = new String(response, StandardCharsets.UTF_8).split("\0", -1);
      if (parts.length != 3 || !parts[1].equals("alice") || !parts[2].equals("wonderland")) {
        throw new SaslException("alice has another password");
      }
      user = parts[1];
      return new byte[0];
    }

    @Override
    public String getMechanismName() {
      return "PLAIN";
    }

    @Override
    public boolean isComplete() {
      return user != null;
    }

    @Override
    public String getAuthorizationID() {
      return user;
    }

    @Override
    public byte[] unwrap(byte[] incoming, int offset, int length) {
      throw new IllegalStateException();
    }

    @Override
    public byte[] wrap(byte[] outgoing, int offset, int length) {
      throw new IllegalStateException();
    }

    @Override
    public Object getNegotiatedProperty(String name) {
      return null;
    }

    @Override
    public void dispose() {}
  }
}
