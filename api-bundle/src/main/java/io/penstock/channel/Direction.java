// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import org.osgi.annotation.versioning.ProviderType;

/** Which way bytes go, seen from the one who opens a channel. */
@ProviderType
public enum Direction {
  /** From the peer to us. */
  INPUT,
  /** From us to the peer. */
  OUTPUT
}
