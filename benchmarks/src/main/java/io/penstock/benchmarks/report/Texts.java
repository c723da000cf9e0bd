// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;

/** How figures are told, and the names of settings. */
public final class Texts {
  /** Bytes. */
  public static final List<Integer> CHUNKS = List.of(1, 64, 1024, 8192, 65536, 1048576);

  /** Bytes of one write into a socket. */
  public static final List<Integer> SOCKET_CHUNKS = List.of(8192, 65536, 262144);

  /** Settings: what sockets are of. */
  public static final List<String> TRANSPORTS = List.of("tcp", "unix");

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
