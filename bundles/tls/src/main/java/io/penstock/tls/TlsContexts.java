// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import javax.net.ssl.SSLContext;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Keys and trust, by the keys of {@code tls:}, for a library that makes its own sockets. Safe for
 * use by any thread.
 */
@ProviderType
public final class TlsContexts {
  /** The keys that {@link #client} understands. */
  public static final Set<String> KEYS =
      Set.of(
          "trust",
          "trustPasswordFile",
          "key",
          "certificates",
          "keyPasswordFile",
          "serverName",
          "checkName");

  private TlsContexts() {}

  /**
   * Makes the context of a client. Its sockets and engines check that the certificate is for the
   * host that they are connected to, or for {@code serverName}, also where the library does not ask
   * for it; {@code checkName=false} leaves that out. An engine that was told no host refuses every
   * server, unless there is a {@code serverName}. Reads the files at once, and so waits for the
   * disk. A file that has changed is read again for the next factory or engine; if it cannot be
   * used then, what was read before stays.
   *
   * @param keys of {@link #KEYS}; they mean what they mean for {@code tls:}
   * @return a context whose {@link SSLContext#getSocketFactory} is to be used; it has no sockets
   *     for servers
   * @throws IllegalArgumentException if a key is unknown or its value is not allowed; the message
   *     begins with the key and says what is expected
   * @throws IOException if a file cannot be used; the message names it
   */
  public static SSLContext client(Map<String, String> keys) throws IOException {
    ChannelOptions options = ChannelOptions.defaults();
    for (Map.Entry<String, String> each : keys.entrySet()) {
      if (!KEYS.contains(each.getKey())) {
        throw new IllegalArgumentException(
            each.getKey() + ": it is unknown; expected one of " + new TreeSet<>(KEYS));
      }
      options = options.with(each.getKey(), each.getValue());
    }
    TlsOptions read = TlsOptions.of(Endpoint.parse("tls://server:1"), options);
    return ClientContext.of(
        new Material(read.material()),
        keys.getOrDefault("serverName", "").strip(),
        read.checkName());
  }
}
