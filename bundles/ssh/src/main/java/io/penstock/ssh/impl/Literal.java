// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import java.util.regex.Pattern;

/** Addresses that are written as numbers. */
public final class Literal {
  private static final Pattern FORM =
      Pattern.compile(
          "(OCTET\\.){3}OCTET|[0-9A-Fa-f:][0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"
              .replace("OCTET", "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"));

  private Literal() {}

  /** Whether Java takes a text for an address, or for none, without asking a name server. */
  public static boolean is(String text) {
    return FORM.matcher(text).matches();
  }
}
