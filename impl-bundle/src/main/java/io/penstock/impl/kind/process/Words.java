// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import java.util.ArrayList;
import java.util.List;

/**
 * Splits a command into words by the quoting rules of the POSIX shell, without any expansion: no
 * variables, no patterns, no operators.
 */
final class Words {
  private static final String ESCAPABLE_IN_DOUBLE_QUOTES = "$`\"\\\n";

  private final String text;
  private final List<String> words = new ArrayList<>();
  private final StringBuilder word = new StringBuilder();
  private boolean inWord;
  private int at;

  private Words(String text) {
    this.text = text;
  }

  /**
   * Splits.
   *
   * @throws IllegalArgumentException if a quote is not closed, a backslash has nothing after it, or
   *     there is no word; the message is a clause
   */
  static List<String> split(String text) {
    return new Words(text).split();
  }

  private List<String> split() {
    while (at < text.length()) {
      char c = text.charAt(at++);
      switch (c) {
        case ' ', '\t', '\n' -> endWord();
        case '\'' -> singleQuotes();
        case '"' -> doubleQuotes();
        case '\\' -> backslash();
        default -> add(c);
      }
    }
    endWord();
    if (words.isEmpty() || words.get(0).isEmpty()) {
      throw new IllegalArgumentException("expected a command, there is none");
    }
    return words;
  }

  private void add(char c) {
    inWord = true;
    word.append(c);
  }

  private void endWord() {
    if (inWord) {
      words.add(word.toString());
      word.setLength(0);
      inWord = false;
    }
  }

  private void singleQuotes() {
    int open = at;
    int close = text.indexOf('\'', at);
    if (close < 0) {
      throw unbalanced("'", open);
    }
    inWord = true;
    word.append(text, at, close);
    at = close + 1;
  }

  private void doubleQuotes() {
    int open = at;
    inWord = true;
    while (at < text.length()) {
      char c = text.charAt(at++);
      if (c == '"') {
        return;
      }
      boolean escaped =
          c == '\\'
              && at < text.length()
              && ESCAPABLE_IN_DOUBLE_QUOTES.indexOf(text.charAt(at)) >= 0;
      if (escaped) {
        c = text.charAt(at++);
        if (c == '\n') {
          continue;
        }
      }
      word.append(c);
    }
    throw unbalanced("\"", open);
  }

  private void backslash() {
    if (at == text.length()) {
      throw new IllegalArgumentException("the backslash at its end has nothing after it");
    }
    char c = text.charAt(at++);
    if (c != '\n') {
      add(c);
    }
  }

  private static IllegalArgumentException unbalanced(String quote, int column) {
    return new IllegalArgumentException(
        "the quote " + quote + " at column " + column + " of the command is not closed");
  }
}
