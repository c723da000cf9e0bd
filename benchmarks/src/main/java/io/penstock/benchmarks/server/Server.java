// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Who serves; ours first. */
public enum Server {
  /** This product, a thread for each channel. */
  PENSTOCK_BLOCKING("Penstock, blocking"),
  /** This product's poller. */
  PENSTOCK_POLLER("Penstock, poller"),
  /** This product's server, which calls a handler for each line. */
  PENSTOCK_SERVER("Penstock, served handler"),
  /** This product's relay. */
  PENSTOCK_RELAY("Penstock, relay"),
  /** This product's TLS at both ends, a thread for each channel. */
  PENSTOCK_TLS("Penstock, TLS"),
  /** This product's TLS, one poller for all channels. */
  PENSTOCK_TLS_POLLER("Penstock, TLS, poller"),
  /** This product's SSH at both ends. */
  PENSTOCK_SSH("Penstock to Penstock"),
  /** This product's client and the daemon of OpenSSH. */
  PENSTOCK_SSHD("Penstock to sshd"),
  /** A thread for each SocketChannel or, of a pipe, FileChannel. */
  JDK_BLOCKING("JDK channel, blocking"),
  /** A Selector; each line becomes an array of its own. */
  JDK_SELECTOR("JDK Selector"),
  /** A Selector; lines stay in its buffer. */
  JDK_SELECTOR_IN_PLACE("JDK Selector, lines in place"),
  /** A Selector that does for each line what a poller owes its users, by {@link LentLines}. */
  JDK_SELECTOR_LENDING("JDK Selector, lines lent"),
  /** Netty over the Selector. */
  NETTY_NIO("Netty NIO"),
  /** Netty with its own system calls. */
  NETTY_EPOLL("Netty epoll"),
  /** Netty's TLS with the JDK's engine at both ends. */
  NETTY_TLS("Netty, TLS by the JDK"),
  /** An SSLSocket and a thread for each connection. */
  JDK_TLS("JDK SSLSocket"),
  /** A thread for each of junixsocket's channels. */
  JUNIXSOCKET("junixsocket, blocking"),
  /** One loop. */
  C_EPOLL("C epoll"),
  /** A thread for each connection. */
  C_BLOCKING("C blocking"),
  /** libuv in C. */
  LIBUV("libuv"),
  /** As it is often called. */
  SOCAT_64("socat -b 65536"),
  /** With a larger buffer. */
  SOCAT_256("socat -b 262144"),
  /** The connection itself, with nothing between. */
  C_DIRECT("no relay"),
  /** Two threads for each connection. */
  C_RELAY("C relay, copying"),
  /** The same, with splice instead of a buffer. */
  C_SPLICE("C relay, splice"),
  /** The same, with as much in the system's buffers as ours asks for. */
  C_WIDE("limit: C, larger buffers"),
  /** OpenSSH at both ends. */
  OPENSSH("ssh to sshd"),
  /** Apache MINA SSHD by itself at both ends. */
  MINA_SSH("MINA to MINA"),
  /** Its client and the daemon of OpenSSH. */
  MINA_SSHD("MINA to sshd"),
  /** JSch and the daemon of OpenSSH. */
  JSCH_SSHD("JSch to sshd"),
  /** sshj and the daemon of OpenSSH. */
  SSHJ_SSHD("sshj to sshd"),
  /** Python's paramiko and the daemon of OpenSSH. */
  PARAMIKO_SSHD("paramiko to sshd");

  /** Of every JVM that serves. */
  public static final List<String> JVM =
      List.of(
          "-Xms512m",
          "-Xmx512m",
          "-XX:+UseParallelGC",
          // Each runs on some of the processors, and shall not make itself smaller for that.
          "-XX:ActiveProcessorCount=" + Runtime.getRuntime().availableProcessors(),
          "-Dio.netty.leakDetection.level=disabled");

  private final String label;

  Server(String label) {
    this.label = label;
  }

  /** For people. */
  public String label() {
    return label;
  }

  /** Whether it is this product. */
  public boolean ours() {
    return name().startsWith("PENSTOCK");
  }

  /** Whether its heap can be asked for. */
  public boolean isJava() {
    return !List.of(
            C_EPOLL,
            C_BLOCKING,
            LIBUV,
            SOCAT_64,
            SOCAT_256,
            C_DIRECT,
            C_RELAY,
            C_SPLICE,
            C_WIDE,
            OPENSSH,
            PARAMIKO_SSHD)
        .contains(this);
  }

  /** Milliseconds of load until the compiler has come to an end, and it is as fast as it gets. */
  public int warmUp() {
    return isJava() ? 5000 : 50;
  }

  /**
   * What keeps it from being measured here.
   *
   * @param programs the folder of the compiled ones
   */
  public Optional<String> missing(Path programs) {
    if (this == LIBUV && !Files.exists(programs.resolve("uv"))) {
      return Optional.of("libuv: its headers are not installed (libuv1-dev)");
    }
    if (name().startsWith("SOCAT") && onPath("socat").isEmpty()) {
      return Optional.of("socat: not installed");
    }
    if (List.of(PENSTOCK_SSH, MINA_SSH).contains(this) && onPath("ssh-keygen").isEmpty()) {
      return Optional.of("SSH: not without ssh-keygen (openssh-client)");
    }
    if ((this == OPENSSH || name().endsWith("_SSHD"))
        && (onPath("ssh").isEmpty() || !Files.isExecutable(Path.of(Ssh.DAEMON)))) {
      return Optional.of("OpenSSH: not installed (openssh-client, openssh-server)");
    }
    if (this == PARAMIKO_SSHD && python().isEmpty()) {
      return Optional.of("paramiko: not installed, or too old for " + Ssh.CIPHER);
    }
    return Optional.empty();
  }

  /** The Python whose paramiko has the cipher. */
  private static Optional<String> python() {
    for (String candidate : List.of("python3", "/usr/bin/python3")) {
      try {
        Process process =
            new ProcessBuilder(
                    candidate,
                    "-c",
                    "import paramiko; paramiko.Transport._cipher_info['" + Ssh.CIPHER + "']")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (process.onExit().join().exitValue() == 0) {
          return Optional.of(candidate);
        }
      } catch (IOException e) {
        System.getLogger("benchmarks").log(System.Logger.Level.DEBUG, "no " + candidate, e);
      }
    }
    return Optional.empty();
  }

  private static Optional<Path> onPath(String program) {
    for (String folder : List.of(System.getenv().getOrDefault("PATH", "").split(":", -1))) {
      Path path = Path.of(folder, program);
      if (Files.isExecutable(path)) {
        return Optional.of(path);
      }
    }
    return Optional.empty();
  }

  /**
   * The command that serves.
   *
   * @param what the work; of a relay the target; with TLS the folder of the certificate, with SSH
   *     that of the keys
   */
  public List<String> command(Path java, Path programs, String what, Address address) {
    String program = programs.resolve("server").toString();
    return switch (this) {
      case C_EPOLL -> List.of(program, "epoll", what, address.text());
      case C_BLOCKING, C_DIRECT -> List.of(program, "blocking", what, address.text());
      case C_RELAY -> List.of(program, "blocking", "relay", address.text(), what);
      case C_SPLICE -> List.of(program, "blocking", "splice", address.text(), what);
      case C_WIDE -> List.of(program, "blocking", "wide", address.text(), what);
      case LIBUV -> List.of(programs.resolve("uv").toString(), what, address.text());
      case SOCAT_64 -> socat("65536", new Address(what), address);
      case SOCAT_256 -> socat("262144", new Address(what), address);
      default -> java(java, Serve.class, name(), what, address.text());
    };
  }

  /** The command of its client where the load generator in C is none: with TLS. */
  public List<String> client(Path java, Address address, Path certificate) {
    return java(java, TlsLoad.class, name(), address.text(), certificate.toString());
  }

  /**
   * The command of its client of SSH.
   *
   * @param folder of the keys
   */
  public List<String> sshClient(Path java, Path programs, int port, Path folder) {
    return this == PARAMIKO_SSHD
        ? List.of(
            python().orElseThrow(),
            "-W",
            "ignore",
            programs.resolve("paramiko_load.py").toString(),
            String.valueOf(port),
            folder.toString(),
            Ssh.USER)
        : java(java, SshLoad.class, name(), String.valueOf(port), folder.toString());
  }

  /** The command of a JVM like those that serve. */
  public static List<String> java(Path java, Class<?> main, String... arguments) {
    List<String> command = new ArrayList<>(List.of(java.toString()));
    command.addAll(JVM);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(arguments));
    return command;
  }

  /** It tells with -d -d where it listens, and forks for each connection. */
  private static List<String> socat(String buffer, Address target, Address address) {
    return List.of(
        "socat",
        "-d",
        "-d",
        "-b",
        buffer,
        address.unix()
            ? "UNIX-LISTEN:" + address.path() + ",fork"
            : "TCP4-LISTEN:" + address.port() + ",bind=127.0.0.1,fork,nodelay",
        target.unix()
            ? "UNIX-CONNECT:" + target.path()
            : "TCP4:127.0.0.1:" + target.port() + ",nodelay");
  }
}
