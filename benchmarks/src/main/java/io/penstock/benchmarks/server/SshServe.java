// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Listener;
import io.penstock.ssh.SshServerFacet;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.sshd.common.cipher.BuiltinCiphers;
import org.apache.sshd.common.keyprovider.FileKeyPairProvider;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.Environment;
import org.apache.sshd.server.ExitCallback;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.channel.ChannelSession;
import org.apache.sshd.server.command.Command;
import org.apache.sshd.server.config.keys.AuthorizedKeysAuthenticator;
import org.jspecify.annotations.Nullable;

/**
 * SSH servers that know what is asked of them: {@code wc -c} counts, {@code head -c N /dev/zero}
 * sends and {@code true} ends, each on a thread that is there already; {@code cat} is left alone.
 */
final class SshServe {
  private static final int CHUNK = 65536;

  private static final ExecutorService THREADS =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            return thread;
          });

  /** Channels in which nothing moves. */
  private static final Queue<Object> IDLE = new ConcurrentLinkedQueue<>();

  private SshServe() {}

  private static long size(String command) {
    return Long.parseLong(command.split(" ", -1)[2]);
  }

  // ---- this product

  static Address penstock(Address address, Path folder) throws IOException {
    Listener listener =
        Ssh.penstock().channels().listen(Ssh.listening(address, folder), ChannelOptions.defaults());
    Loops.start(
        () -> {
          while (true) {
            Channel channel = listener.accept(Wait.forever());
            String command = channel.facet(SshServerFacet.class).orElseThrow().request().text();
            if (command.equals("cat")) {
              IDLE.add(channel);
            } else {
              THREADS.execute(() -> serve(command, channel));
            }
          }
        });
    return PenstockBlocking.bound(address, listener.endpoint());
  }

  private static void serve(String command, Channel channel) {
    try (channel) {
      if (command.startsWith("head ")) {
        ByteBuffer zeros = ByteBuffer.allocate(CHUNK);
        for (long left = size(command); left > 0; left -= CHUNK) {
          channel
              .sink()
              .writeFully(zeros.duplicate().limit((int) Math.min(left, CHUNK)), Wait.forever());
        }
      } else if (!command.equals("true")) {
        ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
        long count = 0;
        for (int n; (n = channel.source().read(buffer.clear(), Wait.forever())) >= 0; ) {
          count += n;
        }
        channel.sink().writeFully(count + "\n", Wait.forever());
      }
      channel.facet(SshServerFacet.class).orElseThrow().sendExitStatus(0);
    } catch (IOException e) {
      // The client has gone, and its figure with it.
      System.getLogger("benchmarks").log(System.Logger.Level.DEBUG, command, e);
    }
  }

  // ---- the library alone

  static Address mina(Address address, Path folder) throws IOException {
    SshServer server = SshServer.setUpDefaultServer();
    server.setHost("127.0.0.1");
    server.setPort(address.port());
    server.setKeyPairProvider(new FileKeyPairProvider(folder.resolve("host")));
    AuthorizedKeysAuthenticator authorized =
        new AuthorizedKeysAuthenticator(folder.resolve("key.pub"));
    server.setPublickeyAuthenticator(authorized);
    server.setCipherFactories(List.of(BuiltinCiphers.aes128gcm));
    server.setCommandFactory((channel, command) -> new Served(command));
    CoreModuleProperties.TCP_NODELAY.set(server, true);
    server.start();
    return address.bound(new InetSocketAddress(server.getPort()));
  }

  /** What a command does, with the streams that the library has. */
  private static final class Served implements Command {
    private final String command;
    private @Nullable InputStream in;
    private @Nullable OutputStream out;
    private @Nullable ExitCallback exit;

    Served(String command) {
      this.command = command;
    }

    @Override
    public void setInputStream(InputStream value) {
      in = value;
    }

    @Override
    public void setOutputStream(OutputStream value) {
      out = value;
    }

    @Override
    public void setErrorStream(OutputStream value) {}

    @Override
    public void setExitCallback(ExitCallback value) {
      exit = value;
    }

    @Override
    public void start(ChannelSession channel, Environment environment) {
      InputStream from = Objects.requireNonNull(in);
      OutputStream to = Objects.requireNonNull(out);
      ExitCallback told = Objects.requireNonNull(exit);
      if (command.equals("cat")) {
        IDLE.add(this);
        return;
      }
      THREADS.execute(
          () -> {
            try {
              run(from, to);
              told.onExit(0);
            } catch (IOException e) {
              told.onExit(1, String.valueOf(e.getMessage()));
            }
          });
    }

    private void run(InputStream from, OutputStream to) throws IOException {
      if (command.startsWith("head ")) {
        byte[] zeros = new byte[CHUNK];
        for (long left = size(command); left > 0; left -= CHUNK) {
          to.write(zeros, 0, (int) Math.min(left, CHUNK));
        }
      } else if (!command.equals("true")) {
        byte[] buffer = new byte[CHUNK];
        long count = 0;
        for (int n; (n = from.read(buffer)) >= 0; ) {
          count += n;
        }
        to.write((count + "\n").getBytes(US_ASCII));
      }
      to.flush();
    }

    @Override
    public void destroy(ChannelSession channel) {}
  }
}
