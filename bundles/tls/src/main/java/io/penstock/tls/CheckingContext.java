// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import java.io.IOException;
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

/** A context whose client sockets and engines check the name of the server. */
final class CheckingContext extends SSLContext {
  private CheckingContext(SSLContext inner, String name) {
    super(new Spi(inner, name), inner.getProvider(), inner.getProtocol());
  }

  /**
   * Makes one.
   *
   * @param name in place of the host that is connected to; empty for that
   */
  static SSLContext of(SSLContext inner, String name) {
    return new CheckingContext(inner, name);
  }

  private static SSLParameters checked(SSLParameters parameters) {
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    return parameters;
  }

  private static final class Spi extends SSLContextSpi {
    private final SSLContext inner;
    private final String name;

    Spi(SSLContext inner, String name) {
      this.inner = inner;
      this.name = name;
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
      return new Factory(inner.getSocketFactory(), name);
    }

    @Override
    protected SSLServerSocketFactory engineGetServerSocketFactory() {
      return inner.getServerSocketFactory();
    }

    @Override
    protected SSLEngine engineCreateSSLEngine() {
      return inner.createSSLEngine();
    }

    @Override
    protected SSLEngine engineCreateSSLEngine(String host, int port) {
      SSLEngine engine = inner.createSSLEngine(name.isEmpty() ? host : name, port);
      engine.setSSLParameters(checked(engine.getSSLParameters()));
      return engine;
    }

    @Override
    protected SSLSessionContext engineGetServerSessionContext() {
      return inner.getServerSessionContext();
    }

    @Override
    protected SSLSessionContext engineGetClientSessionContext() {
      return inner.getClientSessionContext();
    }
  }

  private static final class Factory extends SSLSocketFactory {
    private final SSLSocketFactory inner;
    private final String name;

    Factory(SSLSocketFactory inner, String name) {
      this.inner = inner;
      this.name = name;
    }

    private static Socket checking(Socket socket) {
      if (socket instanceof SSLSocket secure) {
        secure.setSSLParameters(checked(secure.getSSLParameters()));
      }
      return socket;
    }

    @Override
    public String[] getDefaultCipherSuites() {
      return inner.getDefaultCipherSuites();
    }

    @Override
    public String[] getSupportedCipherSuites() {
      return inner.getSupportedCipherSuites();
    }

    @Override
    public Socket createSocket(Socket below, String host, int port, boolean closes)
        throws IOException {
      return checking(inner.createSocket(below, name.isEmpty() ? host : name, port, closes));
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
      return checking(inner.createSocket(host, port));
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress from, int fromPort)
        throws IOException {
      return checking(inner.createSocket(host, port, from, fromPort));
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
      return checking(inner.createSocket(host, port));
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress from, int fromPort)
        throws IOException {
      return checking(inner.createSocket(host, port, from, fromPort));
    }
  }
}
