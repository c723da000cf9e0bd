// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.security.KeyManagementException;
import java.security.SecureRandom;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLContextSpi;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocketFactory;
import javax.net.ssl.SSLSessionContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * A context for clients whose sockets and engines check the name of the server by themselves: many
 * libraries do not ask for it. Files that have changed are read again for the next factory.
 */
final class ClientContext extends SSLContext {
  private ClientContext(SSLContext first, Spi spi) {
    super(spi, first.getProvider(), first.getProtocol());
  }

  /**
   * Makes one.
   *
   * @param name in place of the host that is connected to; empty for that
   * @throws IOException if the files cannot be used
   */
  static SSLContext of(Material material, String name, boolean checkName) throws IOException {
    return new ClientContext(material.current(), new Spi(material, name, checkName));
  }

  private static final class Spi extends SSLContextSpi {
    private final Material material;
    private final String name;
    private final boolean checkName;

    Spi(Material material, String name, boolean checkName) {
      this.material = material;
      this.name = name;
      this.checkName = checkName;
    }

    /** What was read once stays if it cannot be read again. */
    private SSLContext inner() {
      try {
        return material.current();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private SSLParameters checked(SSLParameters parameters) {
      parameters.setCipherSuites(
          TlsOptions.strong(parameters.getCipherSuites()).toArray(String[]::new));
      if (checkName) {
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
      }
      return parameters;
    }

    private String named(String host) {
      return name.isEmpty() ? host : name;
    }

    @Override
    protected void engineInit(
        KeyManager @Nullable [] keys,
        TrustManager @Nullable [] trust,
        @Nullable SecureRandom random)
        throws KeyManagementException {
      throw new KeyManagementException("it is ready for use");
    }

    @Override
    protected SSLSocketFactory engineGetSocketFactory() {
      return new Factory(inner().getSocketFactory(), this);
    }

    @Override
    protected SSLServerSocketFactory engineGetServerSocketFactory() {
      throw new UnsupportedOperationException("it is for clients only");
    }

    /** Refuses every server if there is no name: there is nothing to check against. */
    @Override
    protected SSLEngine engineCreateSSLEngine() {
      return engine(name.isEmpty() ? inner().createSSLEngine() : inner().createSSLEngine(name, -1));
    }

    @Override
    protected SSLEngine engineCreateSSLEngine(String host, int port) {
      return engine(inner().createSSLEngine(named(host), port));
    }

    private SSLEngine engine(SSLEngine engine) {
      engine.setUseClientMode(true);
      engine.setSSLParameters(checked(engine.getSSLParameters()));
      return engine;
    }

    @Override
    protected SSLSessionContext engineGetServerSessionContext() {
      return inner().getServerSessionContext();
    }

    @Override
    protected SSLSessionContext engineGetClientSessionContext() {
      return inner().getClientSessionContext();
    }
  }

  private static final class Factory extends SSLSocketFactory {
    private final SSLSocketFactory inner;
    private final Spi rules;

    Factory(SSLSocketFactory inner, Spi rules) {
      this.inner = inner;
      this.rules = rules;
    }

    @Override
    public String[] getDefaultCipherSuites() {
      return TlsOptions.strong(inner.getDefaultCipherSuites()).toArray(String[]::new);
    }

    @Override
    public String[] getSupportedCipherSuites() {
      return inner.getSupportedCipherSuites();
    }

    @Override
    public Socket createSocket(Socket below, String host, int port, boolean closes)
        throws IOException {
      Socket socket = inner.createSocket(below, rules.named(host), port, closes);
      SSLSocket secure = (SSLSocket) socket;
      secure.setSSLParameters(rules.checked(secure.getSSLParameters()));
      return secure;
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
      return above(new Socket(host, port), host, port);
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress from, int fromPort)
        throws IOException {
      return above(new Socket(host, port, from, fromPort), host, port);
    }

    // Of an address, a name service may say any name: only the address is checked.
    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
      return above(new Socket(host, port), host.getHostAddress(), port);
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress from, int fromPort)
        throws IOException {
      return above(new Socket(host, port, from, fromPort), host.getHostAddress(), port);
    }

    private Socket above(Socket below, String host, int port) throws IOException {
      try {
        return createSocket(below, host, port, true);
      } catch (IOException | RuntimeException e) {
        below.close();
        throw e;
      }
    }
  }
}
