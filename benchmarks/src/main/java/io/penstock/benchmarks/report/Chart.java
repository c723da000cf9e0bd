// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import static java.util.Objects.requireNonNull;

import io.penstock.benchmarks.report.Figures.Spread;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Bars on a logarithmic scale, in panels of three beside each other, with lines from the least to
 * the greatest. Its colours can be read on light and on dark ground.
 *
 * @param title ends with the unit of all panels whose own title names none
 */
record Chart(String title, List<Panel> panels) implements Picture {
  /** Bars under one title; all panels of a chart that have the same unit have one scale. */
  record Panel(String title, List<Bar> bars) {
    /** What its title ends with, if that is a unit. */
    String unit() {
      String last = title.substring(title.lastIndexOf(' ') + 1);
      return UNITS.contains(last) ? last : "";
    }
  }

  /** Powers of ten. */
  private record Scale(double low, double high) {
    static Scale of(List<Spread> all) {
      return new Scale(
          Math.floor(Math.log10(all.stream().mapToDouble(Spread::min).min().orElse(1))),
          Math.ceil(Math.log10(all.stream().mapToDouble(Spread::max).max().orElse(10))));
    }

    double unit() {
      return BAR / Math.max(1, high - low);
    }
  }

  /** One bar; ours stand out. */
  record Bar(String label, Spread value, boolean ours) {}

  private static final Set<String> UNITS = Set.of("GB/s", "µs", "ms", "B");

  private static final int WIDTH = 450;
  private static final int LABEL = 170;
  private static final int BAR = 190;
  private static final int ROW = 18;
  private static final int HEAD = 34;

  @Override
  public String svg() {
    Map<String, Scale> scales =
        panels.stream()
            .collect(
                Collectors.groupingBy(
                    Panel::unit,
                    Collectors.flatMapping(
                        panel -> panel.bars.stream().map(Bar::value),
                        Collectors.collectingAndThen(Collectors.toList(), Scale::of))));
    int columns = Math.min(3, Math.max(1, panels.size()));
    int lines = (panels.size() + columns - 1) / columns;
    int most = panels.stream().mapToInt(p -> p.bars.size()).max().orElse(0);
    int height = HEAD + most * ROW + 24;
    StringBuilder out = new StringBuilder();
    Picture.begin(out, title + " (logarithmic)", columns * WIDTH, 30 + lines * height);
    for (int i = 0; i < panels.size(); i++) {
      Panel panel = panels.get(i);
      Scale scale = requireNonNull(scales.get(panel.unit()));
      Picture.line(
          out,
          "<g transform=\"translate(%d,%d)\">",
          i % columns * WIDTH,
          30 + i / columns * height);
      Picture.line(
          out,
          "<text x=\"%d\" y=\"16\" font-weight=\"bold\">%s</text>",
          LABEL,
          Picture.escape(panel.title));
      int bottom = HEAD - 8 + panel.bars.size() * ROW;
      for (int power = (int) scale.low; power <= scale.high; power++) {
        double x = LABEL + (power - scale.low) * scale.unit();
        Picture.line(
            out,
            "<path d=\"M%.1f %d V%d\" stroke=\"#808080\" stroke-opacity=\".3\"/>",
            x,
            HEAD - 8,
            bottom);
        Picture.line(
            out,
            "<text x=\"%.1f\" y=\"%d\" font-size=\"9\" text-anchor=\"middle\">%s</text>",
            x,
            bottom + 11,
            Texts.number(Math.pow(10, power)));
      }
      for (int j = 0; j < panel.bars.size(); j++) {
        bar(out, panel.bars.get(j), HEAD + j * ROW, scale);
      }
      Picture.line(out, "</g>");
    }
    Picture.line(out, "</svg>");
    return out.toString();
  }

  private static void bar(StringBuilder out, Bar bar, int top, Scale scale) {
    double unit = scale.unit();
    double length = (Math.log10(bar.value.median()) - scale.low) * unit;
    double from = LABEL + (Math.log10(bar.value.min()) - scale.low) * unit;
    double to = LABEL + (Math.log10(bar.value.max()) - scale.low) * unit;
    int middle = top + 4;
    Picture.line(
        out,
        "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>",
        LABEL - 6,
        top + 8,
        Picture.escape(bar.label));
    Picture.line(
        out,
        "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"11\" fill=\"%s\"/>",
        LABEL,
        top - 2,
        Math.max(1, length),
        bar.ours ? Picture.OURS : "#5b8fc9");
    Picture.line(
        out,
        "<path d=\"M%.1f %d H%.1f\" stroke=\"#808080\" stroke-width=\"2\"/>",
        from,
        middle,
        to);
    Picture.line(
        out,
        "<text x=\"%.1f\" y=\"%d\">%s</text>",
        Math.max(LABEL + length, to) + 5,
        top + 8,
        Texts.number(bar.value.median()));
  }
}
