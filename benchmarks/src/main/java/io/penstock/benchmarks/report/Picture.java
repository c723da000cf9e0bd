// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import java.util.Locale;

/** What is drawn beside a page. */
interface Picture {
  /** Of the figures of Penstock, which stand out. Can be read on light and on dark ground. */
  String OURS = "#e07b00";

  /** The whole drawing, a document of SVG. */
  String svg();

  /** Appends a line, with numbers as SVG has them. */
  static void line(StringBuilder out, String format, Object... arguments) {
    out.append(String.format(Locale.ROOT, format, arguments)).append('\n');
  }

  /** A text between tags. */
  static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;");
  }

  /** Begins a drawing, with its title on top. */
  static void begin(StringBuilder out, String title, int width, int height) {
    line(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\""
            + " font-size=\"11\" fill=\"#808080\">",
        width,
        height);
    line(out, "<title>%s</title>", escape(title));
    line(
        out,
        "<text x=\"8\" y=\"20\" font-size=\"14\" font-weight=\"bold\">%s</text>",
        escape(title));
  }
}
