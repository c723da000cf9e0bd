// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.AttributeRepository;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.kex.KexProposalOption;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;

/** Asks a server first for the kinds of keys by which it is known; the others stay behind them. */
final class KnownFirst implements SessionListener {
  /** The kinds by which the server of one connection is known. */
  static final AttributeKey<Set<String>> TYPES = new AttributeKey<>();

  /** Stands in {@link #TYPES} for certificates of every kind. */
  static final String CERTIFICATES = "certificates";

  private static final String CERTIFICATE = "-cert-v01@openssh.com";

  @Override
  public void sessionNegotiationOptionsCreated(
      Session session, Map<KexProposalOption, String> proposal) {
    AttributeRepository context =
        session instanceof ClientSession client ? client.getConnectionContext() : null;
    Set<String> known = context == null ? null : context.getAttribute(TYPES);
    if (known != null && !known.isEmpty()) {
      proposal.computeIfPresent(
          KexProposalOption.SERVERKEYS, (option, names) -> ordered(names, known));
    }
  }

  /** Stable within each of the two. */
  static String ordered(String names, Set<String> known) {
    return Arrays.stream(names.split(",", -1))
        .sorted(Comparator.comparing(name -> !isKnown(name, known)))
        .collect(Collectors.joining(","));
  }

  private static boolean isKnown(String name, Set<String> known) {
    return known.contains(
        name.endsWith(CERTIFICATE) ? CERTIFICATES : KeyUtils.getCanonicalKeyType(name));
  }
}
