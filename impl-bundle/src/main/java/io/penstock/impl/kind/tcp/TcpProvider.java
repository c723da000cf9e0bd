// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.tcp;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.kind.support.Options;
import io.penstock.impl.kind.support.socket.SocketListener;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * TCP. An empty host or {@code *} listens on all addresses; port 0 lets the system choose.
 *
 * <p>Every address of a name is tried, see {@link TcpConnect}. Names are looked up on threads of
 * their own, except by {@link #listen}, on the caller's.
 *
 * <p>Options: {@code noDelay} (true by default) and {@code keepAlive} (false) of each connection,
 * {@code reuseAddress} (true) of a listener, {@code localAddress} ({@code HOST} or {@code
 * HOST:PORT}) to connect from.
 */
public final class TcpProvider implements ChannelProvider {
  private static final String CONNECT = "tcp";
  private static final String LISTEN = "tcp-listen";

  private final Lookups lookups = new Lookups();
  private final Resolver resolver;

  /** Makes a provider that asks the system for names. */
  public TcpProvider() {
    this(Resolver.system());
  }

  /** Makes a provider with a resolver of its own. */
  public TcpProvider(Resolver resolver) {
    this.resolver = resolver;
  }

  @Override
  public Set<String> schemes() {
    return Set.of(CONNECT, LISTEN);
  }

  @Override
  public Set<String> optionKeys(String scheme) {
    return scheme.equals(LISTEN)
        ? Set.of("noDelay", "keepAlive", "reuseAddress")
        : Set.of("noDelay", "keepAlive", "localAddress");
  }

  /** What a TCP endpoint and its options say. */
  private record Asked(HostPort where, @Nullable HostPort from, Setup setup, boolean reuse) {
    static Asked of(Endpoint endpoint, ChannelOptions options) throws AddressException {
      HostPort where = HostPort.parse(endpoint);
      String shown = endpoint.anonymous().toString();
      String local = Options.text(options, "localAddress").orElse("");
      HostPort from = null;
      if (!local.isEmpty()) {
        String text = local.matches("\\[.*]|[^:]*") ? local + ":0" : local;
        from =
            HostPort.parse(
                text,
                shown,
                "localAddress=HOST or HOST:PORT, with a port from 0 to 65535 and an IPv6 address in brackets");
      }
      return new Asked(
          where, from, new Setup(options), Options.flag(options, "reuseAddress", true));
    }
  }

  @Override
  public void check(Endpoint endpoint, ChannelOptions options) throws IOException {
    Asked unused = Asked.of(endpoint, options);
  }

  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    Asked asked = Asked.of(endpoint, options);
    HostPort target = asked.where();
    String shown = endpoint.anonymous().toString();
    TcpConnect connect =
        new TcpConnect(
            new TcpConnect.Plan(
                context, shown, target.port(), options.connectTimeout(), asked.setup()));
    HostPort own = asked.from();
    if (target.literal() && (own == null || own.everywhere() || own.literal())) {
      connect.begin(known(shown, target, own));
      return connect.result();
    }
    connect.beginUnresolved();
    try {
      lookups.submit(() -> lookUp(connect, target, own));
    } catch (RuntimeException | Error e) {
      connect.unresolved(
          new IOException(shown + ": its name cannot be looked up: " + e.getMessage(), e));
    }
    return connect.result();
  }

  private void lookUp(TcpConnect connect, HostPort target, @Nullable HostPort own) {
    if (connect.isDone()) {
      return;
    }
    try {
      connect.resolved(route(target, own));
    } catch (IOException | RuntimeException | Error e) {
      connect.unresolved(e);
    }
  }

  private TcpConnect.Route route(HostPort target, @Nullable HostPort from) throws IOException {
    List<InetAddress> local = from == null || from.everywhere() ? List.of() : addresses(from);
    return new TcpConnect.Route(addresses(target), local, from == null ? 0 : from.port());
  }

  private TcpConnect.Route known(String shown, HostPort target, @Nullable HostPort from)
      throws IOException {
    try {
      return route(target, from);
    } catch (UnknownHostException e) {
      throw Failures.address(shown, e);
    }
  }

  private List<InetAddress> addresses(HostPort host) throws IOException {
    return host.literal()
        ? List.of(InetAddress.getByName(host.host()))
        : resolver.resolve(host.host());
  }

  @Override
  public ListenerDriver listen(Endpoint endpoint, ChannelOptions options, ProviderContext context)
      throws IOException {
    Asked asked = Asked.of(endpoint, options);
    HostPort here = asked.where();
    ServerSocketChannel server = ServerSocketChannel.open();
    try {
      server.configureBlocking(false);
      server.setOption(StandardSocketOptions.SO_REUSEADDR, asked.reuse());
      if (options.receiveBuffer() > 0) {
        // Accepted connections inherit it, and the window's scale is settled before the accept.
        server.setOption(StandardSocketOptions.SO_RCVBUF, options.receiveBuffer());
      }
      server.bind(
          here.everywhere()
              ? new InetSocketAddress(here.port())
              : new InetSocketAddress(addresses(here).get(0), here.port()),
          options.backlog());
      int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
      return new SocketListener(
          endpoint.withAddress("//" + here.written() + ":" + port),
          server,
          null,
          asked.setup(),
          () -> {});
    } catch (IOException e) {
      server.close();
      throw Failures.address(endpoint.anonymous().toString(), e);
    } catch (RuntimeException | Error e) {
      server.close();
      throw e;
    }
  }

  /**
   * The options of each connection, read once so that a bad one is refused before anything else.
   */
  static final class Setup implements SocketListener.Setup {
    private final boolean noDelay;
    private final boolean keepAlive;
    private final int receiveBuffer;
    private final int sendBuffer;

    Setup(ChannelOptions options) {
      noDelay = Options.flag(options, "noDelay", true);
      keepAlive = Options.flag(options, "keepAlive", false);
      receiveBuffer = options.receiveBuffer();
      sendBuffer = options.sendBuffer();
    }

    @Override
    public void apply(SocketChannel channel) throws IOException {
      channel.setOption(StandardSocketOptions.TCP_NODELAY, noDelay);
      channel.setOption(StandardSocketOptions.SO_KEEPALIVE, keepAlive);
      if (receiveBuffer > 0) {
        channel.setOption(StandardSocketOptions.SO_RCVBUF, receiveBuffer);
      }
      if (sendBuffer > 0) {
        channel.setOption(StandardSocketOptions.SO_SNDBUF, sendBuffer);
      }
    }
  }
}
