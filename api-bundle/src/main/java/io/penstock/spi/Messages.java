// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import java.lang.System.Logger;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Helps with log lines and errors that contain foreign text: names, endpoints, text that a peer has
 * sent. Stateless.
 */
@ProviderType
public final class Messages {
  private static final Pattern WORDS =
      Pattern.compile("WORD(, WORD)*( or WORD)?".replace("WORD", "[A-Za-z][A-Za-z0-9.-]*"));

  private Messages() {}

  /**
   * The logger of one group of packages. Each entry is one line without characters that control a
   * terminal, whatever is in the message, its parameters and the exception: see {@link #visible}.
   * Parameters may be {@link LogField}s. The last parameter is the exception of the line, if it is
   * one and the message does not show it.
   *
   * @param group such as {@code tcp}
   * @return the logger {@code io.penstock.GROUP}
   */
  public static Logger log(String group) {
    return new VisibleLog(System.getLogger("io.penstock." + group));
  }

  /**
   * Has an outlet get the lines of all loggers of the product, in place of {@code System.Logger}.
   * The last outlet that was given gets them.
   *
   * @param outlet gets the lines from now on; a line that it throws at goes to {@code
   *     System.Logger}
   * @return takes the outlet back; idempotent
   */
  public static Runnable outlet(LogOutlet outlet) {
    VisibleLog.OUTLET.set(outlet);
    return () -> {
      boolean unused = VisibleLog.OUTLET.compareAndSet(outlet, null);
    };
  }

  /**
   * Makes characters visible that would end a line or control a terminal: control characters, line
   * and paragraph separators, characters that change the direction of text, halves of characters.
   *
   * @param text any text
   * @return the text with {@code \n}, {@code \r}, {@code \t} and, for the others, such as {@code
   *     \}{@code u001b} in their place; the same object where there are none
   */
  public static String visible(String text) {
    int length = text.length();
    int at = 0;
    while (at < length && isPlain(text.charAt(at))) {
      at++;
    }
    if (at == length) {
      return text;
    }
    StringBuilder line = new StringBuilder(length + 16).append(text, 0, at);
    text.codePoints().skip(at).forEach(each -> append(line, each));
    return line.toString();
  }

  /**
   * Characters whose type need not be looked at; no pair of surrogates stands before the first
   * other one.
   */
  private static boolean isPlain(char each) {
    return each >= ' ' && each < 0x7f;
  }

  private static void append(StringBuilder line, int each) {
    switch (Character.getType(each)) {
      // The last of them change the direction in which text is shown.
      case Character.CONTROL,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE,
          Character.FORMAT ->
          line.append(
              switch (each) {
                case '\r' -> "\\r";
                case '\n' -> "\\n";
                case '\t' -> "\\t";
                default -> String.format(Locale.ROOT, "\\u%04x", each);
              });
      default -> line.appendCodePoint(each);
    }
  }

  /**
   * Proposes the word that the user may have meant by an unknown one.
   *
   * @param given the word
   * @param known the words that are allowed
   * @return such as {@code "; did you mean 'tcp'?"}, or nothing if no word is near enough: one
   *     mistake in four characters is allowed; two swapped characters are one mistake, and a
   *     difference in case is none
   */
  public static String didYouMean(String given, Collection<String> known) {
    String wanted = given.toLowerCase(Locale.ROOT);
    int best = Math.max(1, wanted.length() / 4) + 1;
    Optional<String> nearest = Optional.empty();
    for (String each : known) {
      int distance = distance(wanted, each.toLowerCase(Locale.ROOT));
      // A word of one or two characters is one mistake away from every other.
      if (distance < best && distance < wanted.length() - 1) {
        best = distance;
        nearest = Optional.of(each);
      }
    }
    return nearest.map(each -> "; did you mean '" + each + "'?").orElse("");
  }

  /**
   * The exception for a value that an option does not take.
   *
   * @param key of the option
   * @param value what was given
   * @param allowed the range, such as {@code 1 to 65535}, or the words, such as {@code true or
   *     false}; if there are only words, the nearest one is proposed
   * @return to be thrown
   */
  public static IllegalArgumentException refused(String key, String value, String allowed) {
    String meant =
        WORDS.matcher(allowed).matches()
            ? didYouMean(value.strip(), List.of(allowed.split(", | or ", -1)))
            : "";
    return new IllegalArgumentException(
        key + ": '" + value + "' is not allowed; expected " + allowed + meant);
  }

  /** How many characters were added, left out, replaced, or swapped with the next one. */
  private static int distance(String one, String two) {
    int[] before = new int[two.length() + 1];
    int[] last = new int[two.length() + 1];
    int[] now = new int[two.length() + 1];
    for (int j = 0; j <= two.length(); j++) {
      last[j] = j;
    }
    for (int i = 1; i <= one.length(); i++) {
      now[0] = i;
      for (int j = 1; j <= two.length(); j++) {
        int replaced = one.charAt(i - 1) == two.charAt(j - 1) ? 0 : 1;
        now[j] = Math.min(Math.min(last[j], now[j - 1]) + 1, last[j - 1] + replaced);
        if (i > 1
            && j > 1
            && one.charAt(i - 1) == two.charAt(j - 2)
            && one.charAt(i - 2) == two.charAt(j - 1)) {
          now[j] = Math.min(now[j], before[j - 2] + 1);
        }
      }
      int[] free = before;
      before = last;
      last = now;
      now = free;
    }
    return last[two.length()];
  }
}
