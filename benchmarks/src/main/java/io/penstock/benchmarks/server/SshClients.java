// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import com.jcraft.jsch.ChannelExec;
import com.jcraft.jsch.JSch;
import io.penstock.benchmarks.server.SshLoad.Connection;
import io.penstock.benchmarks.server.SshLoad.Program;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.ssh.SshClientFacet;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import net.schmizz.sshj.DefaultConfig;
import net.schmizz.sshj.SSHClient;
import net.schmizz.sshj.transport.verification.PromiscuousVerifier;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.channel.ClientChannelEvent;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.cipher.BuiltinCiphers;
import org.apache.sshd.common.keyprovider.FileKeyPairProvider;
import org.apache.sshd.core.CoreModuleProperties;

/** Clients of SSH in Java, each as its documentation shows it. */
final class SshClients {
  private SshClients() {}

  static Connection connect(Server server, int port, Path folder) throws Exception {
    return switch (server) {
      case PENSTOCK_SSH, PENSTOCK_SSHD -> penstock(port, folder);
      case MINA_SSH, MINA_SSHD -> mina(port, folder);
      case JSCH_SSHD -> jsch(port, folder);
      case SSHJ_SSHD -> sshj(port, folder);
      default -> throw new IllegalArgumentException(server + " is no client of SSH in Java");
    };
  }

  /** Two streams and a status. */
  private abstract static class Streams implements Program {
    abstract OutputStream input() throws Exception;

    abstract InputStream output() throws Exception;

    @Override
    public void write(byte[] bytes, int length) throws Exception {
      input().write(bytes, 0, length);
    }

    @Override
    public void end() throws Exception {
      input().close();
    }

    @Override
    public int read(byte[] into) throws Exception {
      return output().read(into);
    }
  }

  // ---- this product

  private static Connection penstock(int port, Path folder) {
    Penstock penstock = Ssh.penstock();
    Endpoint login = Ssh.connecting(port, folder);
    return command -> {
      Channel channel =
          penstock
              .channels()
              .open(
                  Endpoint.parse(login + "&exec=" + command),
                  // All clients start at once, on one processor.
                  ChannelOptions.defaults().withConnectTimeout(Duration.ofMinutes(1)),
                  Wait.forever());
      return new Program() {
        @Override
        public void write(byte[] bytes, int length) throws IOException {
          channel.sink().writeFully(ByteBuffer.wrap(bytes, 0, length), Wait.forever());
        }

        @Override
        public void end() throws IOException {
          channel.sink().end();
        }

        @Override
        public int read(byte[] into) throws IOException {
          return channel.source().read(ByteBuffer.wrap(into), Wait.forever());
        }

        @Override
        public int status() throws IOException {
          return channel
              .facet(SshClientFacet.class)
              .orElseThrow()
              .exit(Wait.forever())
              .status()
              .orElse(-1);
        }

        @Override
        public void close() throws IOException {
          channel.close();
        }
      };
    };
  }

  // ---- the library alone

  @SuppressWarnings("resource") // As long as the process.
  private static Connection mina(int port, Path folder) throws IOException {
    SshClient client = SshClient.setUpDefaultClient();
    client.setCipherFactories(List.of(BuiltinCiphers.aes128gcm));
    client.setServerKeyVerifier((session, address, key) -> true);
    client.setKeyIdentityProvider(new FileKeyPairProvider(folder.resolve("key")));
    CoreModuleProperties.TCP_NODELAY.set(client, true);
    client.start();
    ClientSession session =
        client.connect(Ssh.USER, "127.0.0.1", port).verify(Duration.ofMinutes(1)).getSession();
    session.auth().verify(Duration.ofMinutes(1));
    return command -> {
      org.apache.sshd.client.channel.ChannelExec channel = session.createExecChannel(command);
      channel.open().verify(Duration.ofMinutes(1));
      return new Streams() {
        @Override
        OutputStream input() {
          return channel.getInvertedIn();
        }

        @Override
        InputStream output() {
          return channel.getInvertedOut();
        }

        @Override
        public int status() {
          Object unused = channel.waitFor(EnumSet.of(ClientChannelEvent.EXIT_STATUS), 20_000);
          return channel.getExitStatus();
        }

        @Override
        public void close() throws IOException {
          channel.close();
        }
      };
    };
  }

  // ---- others

  private static Connection jsch(int port, Path folder) throws Exception {
    JSch jsch = new JSch();
    jsch.addIdentity(folder.resolve("key").toString());
    com.jcraft.jsch.Session session = jsch.getSession(Ssh.USER, "127.0.0.1", port);
    Properties config = new Properties();
    config.setProperty("StrictHostKeyChecking", "no");
    config.setProperty("cipher.s2c", Ssh.CIPHER);
    config.setProperty("cipher.c2s", Ssh.CIPHER);
    session.setConfig(config);
    session.connect(60_000);
    return command -> {
      ChannelExec channel = (ChannelExec) session.openChannel("exec");
      channel.setCommand(command);
      OutputStream input = channel.getOutputStream();
      InputStream output = channel.getInputStream();
      channel.connect(20_000);
      return new Streams() {
        @Override
        OutputStream input() {
          return input;
        }

        @Override
        InputStream output() {
          return output;
        }

        @Override
        public int status() {
          // It comes with the end of the output, and is not waited for.
          while (!channel.isClosed()) {
            Thread.onSpinWait();
          }
          return channel.getExitStatus();
        }

        @Override
        public void close() {
          channel.disconnect();
        }
      };
    };
  }

  @SuppressWarnings("resource") // As long as the process.
  private static Connection sshj(int port, Path folder) throws IOException {
    SSHClient client = new SSHClient(new DefaultConfig());
    client.addHostKeyVerifier(new PromiscuousVerifier());
    client.connect("127.0.0.1", port);
    client.authPublickey(Ssh.USER, folder.resolve("key").toString());
    return command -> {
      net.schmizz.sshj.connection.channel.direct.Session session = client.startSession();
      net.schmizz.sshj.connection.channel.direct.Session.Command running = session.exec(command);
      return new Streams() {
        @Override
        OutputStream input() {
          return running.getOutputStream();
        }

        @Override
        InputStream output() {
          return running.getInputStream();
        }

        @Override
        public int status() throws IOException {
          running.join(20, TimeUnit.SECONDS);
          return running.getExitStatus();
        }

        @Override
        public void close() throws IOException {
          session.close();
        }
      };
    };
  }
}
