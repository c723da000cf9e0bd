// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;

/** How figures are told, and the names of settings. */
public final class Texts {
  /** Bytes. */
  public static final List<Integer> CHUNKS = List.of(1, 64, 1024, 8192, 65536, 1048576);

  /** A setting: 64 B, with any number of writers and readers, as it is by default. */
  public static final String ANY_USERS = "64 B, any users";

  /** Bytes of one write into a socket. */
  public static final List<Integer> SOCKET_CHUNKS = List.of(8192, 65536, 262144);

  /** Settings: what sockets are of. */
  public static final List<String> TRANSPORTS = List.of("tcp", "unix");

  /** What settings of relays begin with, before the transport. */
  public static final String RELAY = "relay, ";

  /** The same where as much comes back. */
  public static final String RELAY_BOTH = "relay both ways, ";

  /** What a setting ends with where client and server share a processor. */
  public static final String ONE_PROCESSOR = ", one processor";

  /** A setting: two FIFOs, one for each way. */
  public static final String PIPES = "pipes";

  /** Settings of SSH: into a command and out of one. */
  public static final String SSH_PUSH = "ssh, push";

  /** The other way. */
  public static final String SSH_PULL = "ssh, pull";

  /** A setting of SSH: a command that does nothing, in an open connection. */
  public static final String SSH_EXEC = "ssh, exec";

  /** Settings of SSH: an idle channel, at the client. */
  public static final String SSH_CLIENT = "ssh, client";

  /** An idle channel at the server. */
  public static final String SSH_SERVER = "ssh, server";

  /** Whose both ends are ours to ask. */
  public static final List<String> SSH_SELF = List.of("PENSTOCK_SSH", "MINA_SSH");

  /** All that speak SSH. */
  public static final List<String> SSH =
      List.of(
          "PENSTOCK_SSH",
          "PENSTOCK_SSHD",
          "OPENSSH",
          "MINA_SSH",
          "MINA_SSHD",
          "JSCH_SSHD",
          "SSHJ_SSHD",
          "PARAMIKO_SSHD");

  /** Settings of the page of load: one writer and the readers of so many pipes. */
  public static final String FAN_OUT = "fan-out";

  /** So many writers and one reader. */
  public static final String FAN_IN = "fan-in";

  /** So many pipes, each with its writer and its reader. */
  public static final String FAN_PIPES = "pipes at once";

  /** How many pipes, writers or readers. */
  public static final List<Integer> FANS = List.of(1, 4, 16, 64);

  /** Requests beside so many idle connections. */
  public static final String GROWTH_TCP = "growth, TCP";

  /** The same with channels in memory, which need no descriptors. */
  public static final String GROWTH_SIMULATED = "growth, memory";

  /** How many idle connections, as far as descriptors go. */
  public static final List<Integer> GROWTH = List.of(10, 100, 1000, 10_000, 50_000);

  /** Percent of the capacity at which requests are due. */
  public static final List<Integer> RATES = List.of(50, 80, 95);

  /** Requests that are due at so many percent of the capacity. */
  public static String latency(int percent) {
    return "latency, " + percent + " %";
  }

  /** What can be asked when each connection waits for its answer. */
  public static final String CAPACITY = "latency, capacity";

  /** Idle: what has one writer and one reader in a JVM. */
  public static final String MEMORY_PIPE = "memory, pipe";

  /** Idle: both ends of a channel in memory. */
  public static final String MEMORY_PAIR = "memory, pair";

  /** Idle: a connection at the server. */
  public static final String MEMORY_TCP = "memory, TCP";

  /** Idle: a connection with TLS at the server. */
  public static final String MEMORY_TLS = "memory, TLS";

  /** Idle: a channel of SSH at the client. */
  public static final String MEMORY_SSH_CLIENT = "memory, SSH client";

  /** Idle: a channel of SSH at the server. */
  public static final String MEMORY_SSH_SERVER = "memory, SSH server";

  /** What is allocated for a piece that goes through a pipe. */
  public static final String GARBAGE_PIPE = "garbage, pipe";

  /** The same of a request over a pair of channels in memory. */
  public static final String GARBAGE_PAIR = "garbage, pair";

  /** The same of a request over TCP, at the server. */
  public static final String GARBAGE_TCP = "garbage, TCP";

  /** The same over a Unix socket. */
  public static final String GARBAGE_UNIX = "garbage, Unix";

  /** What a relay allocates for a request and its answer, before the transport. */
  public static final String GARBAGE_RELAY = "garbage, relay, ";

  /** What a relay allocates for a piece of 64 KiB of a flood, before the transport. */
  public static final String GARBAGE_RELAY_FLOOD = "garbage, relay, flood, ";

  /** What is allocated for a piece of 8 KiB that comes from a FIFO. */
  public static final String GARBAGE_FIFO = "garbage, FIFO";

  /** The same for a line of a flood. */
  public static final String GARBAGE_LINES = "garbage, lines";

  /** The same for 16 KiB that come over TLS, at the server. */
  public static final String GARBAGE_TLS = "garbage, TLS";

  /** The same for 32 KiB that go into a command over SSH, at the server. */
  public static final String GARBAGE_SSH = "garbage, SSH";

  /** A flag of the JVM: its selector makes no number for each event of a descriptor above 127. */
  public static final String NO_BOXES = "-XX:AutoBoxCacheMax=32768";

  /** Bytes of a piece. */
  public static final List<Integer> GARBAGE_CHUNKS = List.of(64, 8192);

  /** Connections that come, send a byte, get one, and go. */
  public static final String CHURN = "churn, TCP";

  /** The same with TLS. */
  public static final String HANDSHAKES = "churn, TLS";

  /** The fast ones of 16 readers; the number is how many of these are slow. */
  public static final String SLOW = "slow";

  /** What settings of a start begin with, before the JDK. */
  public static final String START = "start, ";

  /** What they end with where a child is started, too. */
  public static final String CHILD = ", a child";

  /** The JDK that most is measured with. */
  public static final String THIS_JDK = "JDK";

  /** A setting: the newest JDK. */
  public static final String NEW_JDK = "newest JDK";

  /** A setting: both ends virtual threads, on the newest JDK. */
  public static final String VIRTUAL = "virtual threads";

  private Texts() {}

  /** Bytes, for people. */
  public static String size(int bytes) {
    if (bytes >= 1 << 20 && bytes % (1 << 20) == 0) {
      return (bytes >> 20) + " MiB";
    }
    return bytes >= 1 << 10 && bytes % (1 << 10) == 0 ? (bytes >> 10) + " KiB" : bytes + " B";
  }

  /** Three digits that count. */
  static String number(double value) {
    if (value == 0) {
      return "0";
    }
    return new BigDecimal(value)
        .round(new MathContext(value >= 1000 ? 4 : 3))
        .stripTrailingZeros()
        .toPlainString();
  }
}
