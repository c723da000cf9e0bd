// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.channel.epoll.Epoll;
import io.netty.handler.ssl.SslContext;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.serve.ByteHandler;
import io.penstock.serve.ServeOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Framing;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryType;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.stream.LongStream;

/**
 * A process that serves: tells where it listens, tells its heap when asked for it on standard
 * input, and ends with that.
 */
public final class Serve {
  private Serve() {}

  /**
   * Serves.
   *
   * @param arguments who serves; the work, of a relay the target, with TLS the folder of the
   *     certificate, with SSH that of the keys; the address
   */
  public static void main(String[] arguments) throws Exception {
    Server server = Server.valueOf(arguments[0]);
    Address address = new Address(arguments[2]);
    System.out.println("listening " + listen(server, arguments[1], address).text());
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    for (String line; (line = input.readLine()) != null; ) {
      System.out.println(
          switch (line) {
            case "heap" -> heap();
            case "allocated" -> allocated();
            default ->
                throw new IllegalArgumentException(
                    "asked '" + line + "', expected 'heap' or 'allocated'");
          });
    }
    System.exit(0);
  }

  /** Bytes that the threads which live have allocated in all their time. */
  public static long allocated() {
    var threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getPlatformMXBean(ThreadMXBean.class);
    return LongStream.of(threads.getThreadAllocatedBytes(threads.getAllThreadIds()))
        .filter(bytes -> bytes > 0)
        .sum();
  }

  /** Bytes that the last collection has left, without what threads have reserved since. */
  public static long heap() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    return ManagementFactory.getMemoryPoolMXBeans().stream()
        .filter(pool -> pool.getType() == MemoryType.HEAP)
        .mapToLong(pool -> pool.getCollectionUsage().getUsed())
        .sum();
  }

  private static Address listen(Server server, String what, Address address) throws Exception {
    if (server == Server.PENSTOCK_RELAY) {
      return relay(address, new Address(what));
    }
    if (server == Server.PENSTOCK_TLS) {
      return PenstockBlocking.listen(
          Tls.penstock().channels(), Tls.listening(address, Path.of(what)), address, Work.COUNT);
    }
    if (server == Server.PENSTOCK_TLS_POLLER) {
      return PenstockPoller.listen(
          Tls.penstock(), Tls.listening(address, Path.of(what)), address, Work.COUNT);
    }
    if (server == Server.NETTY_TLS) {
      SslContext tls = Tls.nettyServer(Path.of(what));
      return NettyServer.listen(
          address,
          Work.COUNT,
          Epoll.isAvailable(),
          channel -> channel.pipeline().addLast(tls.newHandler(channel.alloc())));
    }
    if (server == Server.JDK_TLS) {
      return JdkTls.listen(address, Path.of(what));
    }
    if (server == Server.PENSTOCK_SSH) {
      return SshServe.penstock(address, Path.of(what));
    }
    if (server == Server.MINA_SSH) {
      return SshServe.mina(address, Path.of(what));
    }
    Work work = Work.parse(what);
    if (address.pipes()) {
      Fifos fifos = Fifos.of(address);
      return switch (server) {
        case PENSTOCK_BLOCKING ->
            PenstockBlocking.listen(Penstock.open().channels(), address, fifos, work);
        case PENSTOCK_POLLER -> PenstockPoller.listen(Penstock.open(), address, fifos, work);
        case JDK_BLOCKING -> JdkBlocking.listen(address, fifos, work);
        default -> throw new IllegalArgumentException(server + " serves no pipes in Java");
      };
    }
    return switch (server) {
      case PENSTOCK_BLOCKING -> {
        Penstock penstock = Penstock.open();
        yield PenstockBlocking.listen(penstock.channels(), address.listening("tcp"), address, work);
      }
      case PENSTOCK_POLLER -> PenstockPoller.listen(Penstock.open(), address, work);
      case PENSTOCK_SERVER -> serve(address);
      case JDK_BLOCKING -> JdkBlocking.listen(address, work);
      case JDK_SELECTOR -> JdkSelector.listen(address, work, JdkSelector.Lines.ARRAYS);
      case JDK_SELECTOR_IN_PLACE -> JdkSelector.listen(address, work, JdkSelector.Lines.IN_PLACE);
      case JDK_SELECTOR_LENDING -> JdkSelector.listen(address, work, JdkSelector.Lines.LENT);
      case NETTY_NIO -> NettyServer.listen(address, work, false);
      case NETTY_EPOLL -> NettyServer.listen(address, work, true);
      case JUNIXSOCKET -> Junixsocket.listen(address, work);
      default -> throw new IllegalArgumentException(server + " is not served by Java");
    };
  }

  /** Gives each line back. */
  private static Address serve(Address address) throws IOException {
    ByteHandler echo = (client, line) -> client.reply(line);
    io.penstock.serve.Server server =
        Penstock.open()
            .serveFrames(
                address.listening("tcp"),
                echo,
                ServeOptions.defaults().withFraming(Framing.lines(65536)));
    return PenstockBlocking.bound(address, server.endpoint());
  }

  /**
   * Starts a relay that forks.
   *
   * @return where it listens
   */
  public static Address relay(Address address, Address target) throws IOException {
    Relay relay =
        Penstock.open()
            .relays()
            .create(
                address.listening("tcp"),
                target.connecting("tcp"),
                RelayOptions.defaults().withFork(true));
    relay.start();
    return PenstockBlocking.bound(address, relay.listeners().get(0).endpoint());
  }
}
