// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.junit;

import org.osgi.annotation.versioning.ProviderType;

/** What a test can leave behind. */
@ProviderType
public enum Leak {
  /** Pipes, channels, listeners, relays and pollers that the test has made and not closed. */
  CHANNELS,
  /** Platform threads that the test has started, and that do not end by themselves. */
  THREADS,
  /** Descriptors of files and sockets, which are seen on Linux only. */
  DESCRIPTORS
}
