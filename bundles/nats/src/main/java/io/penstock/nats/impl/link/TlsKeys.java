// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.link;

import java.util.Map;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** TLS towards the servers. */
public final class TlsKeys {
  private TlsKeys() {}

  /** What the keys that begin with {@code tls.} ask for; null if there are none. */
  public static @Nullable SSLContext context(Map<String, String> options) {
    if (options.keySet().stream().noneMatch(key -> key.startsWith("tls."))) {
      return null;
    }
    throw new IllegalArgumentException("tls.*: install io.penstock.tls");
  }
}
