// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import java.net.URI;
import java.net.URISyntaxException;
import org.jspecify.annotations.Nullable;

/** Tells a page of this server from another site's. */
final class SameSite {
  private SameSite() {}

  /** Whether a request comes from a page of the server that it goes to, as browsers say it. */
  static boolean holds(PageRequest request) {
    String origin = request.header("Origin");
    String fetched = request.header("Sec-Fetch-Site");
    if (fetched != null && !fetched.equals("same-origin")) {
      return false;
    }
    if (origin == null) {
      // Each browser sends one with a post. Another client has the token, or is refused for that.
      return true;
    }
    return isOf(origin, request.header("Host"));
  }

  private static boolean isOf(String origin, @Nullable String host) {
    try {
      String authority = new URI(origin).getRawAuthority();
      return authority != null && authority.equalsIgnoreCase(host);
    } catch (URISyntaxException e) {
      // Such as "null", which a page has that was not loaded from a server.
      return false;
    }
  }
}
