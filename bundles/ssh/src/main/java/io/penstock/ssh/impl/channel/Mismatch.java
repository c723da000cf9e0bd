// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.ssh.impl.Untrusted;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.sshd.common.kex.KexProposalOption;
import org.apache.sshd.common.kex.extension.KexExtensions;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionDisconnectHandler;
import org.jspecify.annotations.Nullable;

/** Finds words for two sides that have no algorithm of some kind in common. */
public final class Mismatch implements SessionDisconnectHandler {
  /** A list of all algorithms that exist is shorter. */
  private static final int MAX_LENGTH = 2048;

  @Override
  public boolean handleKexDisconnectReason(
      Session session,
      Map<KexProposalOption, String> client,
      Map<KexProposalOption, String> server,
      Map<KexProposalOption, String> agreed,
      KexProposalOption option)
      throws IOException {
    // A language need not be agreed on.
    if (SessionDisconnectHandler.super.handleKexDisconnectReason(
        session, client, server, agreed, option)) {
      return true;
    }
    boolean asServer = session.isServerSession();
    Losses.note(
        session,
        "no "
            + kind(option)
            + " in common: the peer offers "
            + Untrusted.shown(listed((asServer ? client : server).get(option)), MAX_LENGTH)
            + "; we accept "
            + listed((asServer ? server : client).get(option)),
        null);
    return false;
  }

  private static String kind(KexProposalOption option) {
    return switch (option) {
      case ALGORITHMS -> "key exchange algorithm";
      case SERVERKEYS -> "host key algorithm";
      case C2SENC, S2CENC -> "cipher";
      case C2SMAC, S2CMAC -> "MAC";
      case C2SCOMP, S2CCOMP -> "compression";
      case C2SLANG, S2CLANG -> "language";
    };
  }

  /** Without the names that signal extensions and only look like algorithms. */
  private static String listed(@Nullable String names) {
    String all =
        names == null
            ? ""
            : Arrays.stream(names.split(",", -1))
                .filter(name -> !KexExtensions.IS_KEX_EXTENSION_SIGNAL.test(name))
                .collect(Collectors.joining(","));
    return all.isEmpty() ? "nothing" : all;
  }
}
