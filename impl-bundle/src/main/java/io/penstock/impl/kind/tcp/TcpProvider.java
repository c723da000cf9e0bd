// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.tcp;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.kind.support.Options;
import io.penstock.impl.kind.support.socket.Drain;
import io.penstock.impl.kind.support.socket.SocketListener;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
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

  private final Drain drain = new Drain();
  private final Connector connector = new Connector();
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

  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    HostPort target = HostPort.parse(endpoint);
    String shown = endpoint.anonymous().toString();
    if (target.everywhere() || target.port() == 0) {
      throw new AddressException(
          Kind.INVALID, shown, "expected a host and a port from 1 to 65535 to connect to", null);
    }
    Setup setup = new Setup(options);
    HostPort from = null;
    String local = Options.text(options, "localAddress").orElse("");
    if (!local.isEmpty()) {
      String text = local.matches("\\[.*]|[^:]*") ? local + ":0" : local;
      from = HostPort.parse(text, shown, "localAddress=HOST or HOST:PORT");
    }
    TcpConnect connect =
        new TcpConnect(
            new TcpConnect.Plan(
                context.name(),
                shown,
                target.port(),
                options.connectTimeout(),
                setup,
                drain,
                context.executor()),
            connector);
    HostPort own = from;
    if (target.literal() && (own == null || own.everywhere() || own.literal())) {
      connect.begin(route(target, own));
      return connect.result();
    }
    connect.beginUnresolved();
    lookups.submit(
        () -> {
          if (connect.isDone()) {
            return;
          }
          try {
            connect.resolved(route(target, own));
          } catch (IOException | RuntimeException | Error e) {
            connect.unresolved(e);
          }
        });
    return connect.result();
  }

  private TcpConnect.Route route(HostPort target, @Nullable HostPort from) throws IOException {
    List<InetAddress> local = from == null || from.everywhere() ? List.of() : addresses(from);
    return new TcpConnect.Route(addresses(target), local, from == null ? 0 : from.port());
  }

  private List<InetAddress> addresses(HostPort host) throws IOException {
    return host.literal()
        ? List.of(InetAddress.getByName(host.host()))
        : resolver.resolve(host.host());
  }

  @Override
  public ListenerDriver listen(Endpoint endpoint, ChannelOptions options, ProviderContext context)
      throws IOException {
    HostPort here = HostPort.parse(endpoint);
    Setup setup = new Setup(options);
    boolean reuse = Options.flag(options, "reuseAddress", true);
    ServerSocketChannel server = ServerSocketChannel.open();
    try {
      server.configureBlocking(false);
      server.setOption(StandardSocketOptions.SO_REUSEADDR, reuse);
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
          drain,
          setup,
          () -> {});
    } catch (IOException e) {
      server.close();
      throw Failures.address(endpoint.anonymous().toString(), e);
    } catch (RuntimeException e) {
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
