// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import org.osgi.annotation.versioning.ProviderType;

/** The direction in which bytes go, seen from the caller that opens a channel. */
@ProviderType
public enum Direction {
  /** From the peer to us. */
  INPUT,
  /** From us to the peer. */
  OUTPUT
}
