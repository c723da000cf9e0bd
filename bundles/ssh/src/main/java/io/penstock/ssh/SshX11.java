// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * How X clients are let through to the user's X server. Immutable; each {@code with} method returns
 * a changed copy. Its text has no cookie. Parity CH-33.
 */
@ProviderType
public final class SshX11 {
  /** The longest cookie and the longest name, in bytes. */
  private static final int MAX_LENGTH = 256;

  private static final SshX11 DEFAULT =
      new SshX11(0, "MIT-MAGIC-COOKIE-1", Optional.empty(), Optional.empty(), false);

  private final int screen;
  private final String protocol;
  private final Optional<String> cookie;
  private final Optional<String> realCookie;
  private final boolean singleConnection;

  private SshX11(
      int screen,
      String protocol,
      Optional<String> cookie,
      Optional<String> realCookie,
      boolean singleConnection) {
    this.screen = screen;
    this.protocol = protocol;
    this.cookie = cookie;
    this.realCookie = realCookie;
    this.singleConnection = singleConnection;
  }

  /**
   * Screen 0, {@code MIT-MAGIC-COOKIE-1}, a fresh cookie, any number of connections.
   *
   * @return the shared default
   */
  public static SshX11 defaults() {
    return DEFAULT;
  }

  /**
   * Sets the screen of the X server.
   *
   * @param value 0 or more
   * @return a changed copy
   * @throws IllegalArgumentException if it is negative
   */
  public SshX11 withScreen(int value) {
    if (value < 0) {
      throw new IllegalArgumentException("screen is " + value + ", expected 0 or more");
    }
    return new SshX11(value, protocol, cookie, realCookie, singleConnection);
  }

  /**
   * Sets the kind of cookie.
   *
   * @param value as X names it: 1 to 256 characters of ASCII
   * @return a changed copy
   * @throws IllegalArgumentException if it is of another form
   */
  public SshX11 withProtocol(String value) {
    if (!value.matches("[\\x21-\\x7e]{1," + MAX_LENGTH + "}")) {
      throw new IllegalArgumentException(
          "protocol is '" + value + "', expected 1 to " + MAX_LENGTH + " characters of ASCII");
    }
    return new SshX11(screen, value, cookie, realCookie, singleConnection);
  }

  /**
   * Sets the cookie that X clients have to show; the server gets to know it. Without one 128 fresh
   * random bits are taken each time.
   *
   * @param hex two digits for each of its 1 to 256 bytes
   * @return a changed copy
   * @throws IllegalArgumentException if it is of another form
   */
  public SshX11 withCookie(String hex) {
    return new SshX11(screen, protocol, checked("cookie", hex), realCookie, singleConnection);
  }

  /**
   * Sets the cookie that takes the place of the other one in what X clients send, so that the
   * server does not get to know it. Without one they are handed on as they are.
   *
   * @param hex two digits for each of its 1 to 256 bytes
   * @return a changed copy
   * @throws IllegalArgumentException if it is of another form
   */
  public SshX11 withRealCookie(String hex) {
    return new SshX11(screen, protocol, cookie, checked("real cookie", hex), singleConnection);
  }

  private static Optional<String> checked(String what, String hex) {
    // Not shown: it is a secret.
    if (!hex.matches("([0-9A-Fa-f]{2}){1," + MAX_LENGTH + "}")) {
      throw new IllegalArgumentException(
          "the "
              + what
              + " is of another form than 1 to "
              + MAX_LENGTH
              + " bytes of two hex digits");
    }
    return Optional.of(hex.toLowerCase(Locale.ROOT));
  }

  /**
   * Sets whether only one X client is let through.
   *
   * @param value true for one
   * @return a changed copy
   */
  public SshX11 withSingleConnection(boolean value) {
    return new SshX11(screen, protocol, cookie, realCookie, value);
  }

  /**
   * The screen of the X server.
   *
   * @return 0 or more
   */
  public int screen() {
    return screen;
  }

  /**
   * The kind of cookie.
   *
   * @return as X names it
   */
  public String protocol() {
    return protocol;
  }

  /**
   * What X clients have to show.
   *
   * @return a secret, in lower case hex; empty for a fresh one
   */
  public Optional<String> cookie() {
    return cookie;
  }

  /**
   * What takes its place.
   *
   * @return a secret, in lower case hex; empty for the same
   */
  public Optional<String> realCookie() {
    return realCookie;
  }

  /**
   * Whether only one X client is let through.
   *
   * @return true for one
   */
  public boolean singleConnection() {
    return singleConnection;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SshX11 that
        && screen == that.screen
        && protocol.equals(that.protocol)
        && cookie.equals(that.cookie)
        && realCookie.equals(that.realCookie)
        && singleConnection == that.singleConnection;
  }

  @Override
  public int hashCode() {
    return Objects.hash(screen, protocol, cookie, realCookie, singleConnection);
  }

  @Override
  public String toString() {
    return "screen " + screen + " by " + protocol + (singleConnection ? ", once" : "");
  }
}
