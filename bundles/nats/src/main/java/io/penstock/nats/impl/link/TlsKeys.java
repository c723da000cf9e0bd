// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.link;

import io.penstock.tls.TlsContexts;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** TLS towards the servers, by the bundle that has TLS. */
public final class TlsKeys {
  private static final String PREFIX = "tls.";

  private TlsKeys() {}

  /**
   * What the keys that begin with {@code tls.} ask for; reads files.
   *
   * @return null if there are none
   * @throws IllegalArgumentException if they cannot be used; the message says why
   */
  public static @Nullable SSLContext context(Map<String, String> options) {
    Map<String, String> keys = new TreeMap<>();
    options.forEach(
        (key, value) -> {
          if (key.startsWith(PREFIX)) {
            keys.put(key.substring(PREFIX.length()), value);
          }
        });
    if (keys.isEmpty()) {
      return null;
    }
    try {
      return TlsContexts.client(keys);
    } catch (IOException e) {
      throw new IllegalArgumentException(PREFIX + "*: " + e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      // It begins with the key.
      throw new IllegalArgumentException(PREFIX + e.getMessage(), e);
    } catch (NoClassDefFoundError e) {
      throw new IllegalArgumentException(
          PREFIX + "*: install io.penstock.tls, which reads keys and trust", e);
    }
  }
}
