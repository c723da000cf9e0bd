// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;

/**
 * Lines over a number that grows, in panels of two beside each other, each with its axes, their
 * units and one legend for all. Penstock's lines are thick and orange.
 *
 * @param x what all panels have below
 * @param y what all panels have at the left; one scale for all
 */
record Plot(String title, Axis x, Axis y, List<Panel> panels) implements Picture {
  /**
   * An axis.
   *
   * @param title with the unit
   * @param scale how its numbers are spread
   * @param ticks where it has a number; empty for powers of ten, or five round numbers
   */
  record Axis(String title, Scale scale, List<Tick> ticks) {
    static Axis log(String title) {
      return new Axis(title, Scale.LOG, List.of());
    }

    static Axis linear(String title) {
      return new Axis(title, Scale.LINEAR, List.of());
    }
  }

  /** How numbers are spread over an axis. */
  enum Scale {
    /** From 0 on, as they are. */
    LINEAR,
    /** A decade is as long as any other: for what spans several, and is above 0. */
    LOG
  }

  /** A number on an axis. */
  record Tick(double at, String label) {}

  /** Lines under one title. */
  record Panel(String title, List<Series> series) {}

  /** One line. */
  record Series(String label, boolean ours, List<Point> points) {}

  /** A place on it. */
  record Point(double x, double y) {}

  /** From where to where an axis goes, and over how many units of the drawing. */
  record Range(Scale scale, double low, double high, int length) {
    static Range of(Scale scale, DoubleStream values, int length) {
      double[] all = values.toArray();
      double least = DoubleStream.of(all).min().orElse(1);
      double most = DoubleStream.of(all).max().orElse(10);
      if (scale == Scale.LINEAR) {
        return new Range(scale, 0, most > 0 ? most * 1.05 : 1, length);
      }
      if (least <= 0) {
        throw new IllegalArgumentException(
            "a logarithmic axis has " + least + ", expected only numbers above 0");
      }
      double low = Math.pow(10, Math.floor(Math.log10(least) + 1e-9));
      double high = Math.pow(10, Math.ceil(Math.log10(most) - 1e-9));
      return new Range(scale, low, high > low ? high : low * 10, length);
    }

    /** How far from its start a number is, in units of the drawing. */
    double place(double value) {
      double part =
          scale == Scale.LINEAR
              ? (value - low) / (high - low)
              : (Math.log10(value) - Math.log10(low)) / (Math.log10(high) - Math.log10(low));
      return part * length;
    }

    List<Tick> ticks() {
      List<Tick> ticks = new ArrayList<>();
      if (scale == Scale.LOG) {
        for (double at = low; at <= high * 1.001; at *= 10) {
          ticks.add(new Tick(at, Texts.number(at)));
        }
        return ticks;
      }
      double step = Math.pow(10, Math.floor(Math.log10(high / 2)));
      while (high / step > 6) {
        step *= high / step > 12 ? 5 : 2;
      }
      for (double at = 0; at <= high; at += step) {
        ticks.add(new Tick(at, Texts.number(at)));
      }
      return ticks;
    }
  }

  private static final List<String> COLOURS =
      List.of("#5b8fc9", "#4a9c6d", "#a06cc0", "#c0504d", "#7a8a2a", "#3fa3a3", "#996633");

  /** Those of several lines of ours; the first is the one that most people use. */
  private static final List<String> OUR_COLOURS = List.of(OURS, "#b5541c", "#e8a94a");

  private static final int WIDTH = 430;
  private static final int HEIGHT = 260;
  private static final int LEFT = 66;
  private static final int LONG = 340;
  private static final int HIGH = 180;
  private static final int TOP = 26;

  private DoubleStream all(ToDoubleFunction<Point> of) {
    return panels.stream()
        .flatMap(p -> p.series.stream())
        .flatMap(s -> s.points.stream())
        .mapToDouble(of);
  }

  private List<Series> legend() {
    List<Series> legend = new ArrayList<>();
    for (Panel panel : panels) {
      for (Series series : panel.series) {
        if (legend.stream().noneMatch(s -> s.label.equals(series.label))) {
          legend.add(series);
        }
      }
    }
    return legend;
  }

  private static String colour(List<Series> legend, String label) {
    int ours = 0;
    int others = 0;
    for (Series series : legend) {
      if (series.label.equals(label)) {
        return series.ours
            ? OUR_COLOURS.get(ours % OUR_COLOURS.size())
            : COLOURS.get(others % COLOURS.size());
      }
      if (series.ours) {
        ours++;
      } else {
        others++;
      }
    }
    throw new IllegalArgumentException(label + " is not in the legend " + legend);
  }

  @Override
  public String svg() {
    Range across = Range.of(x.scale, all(Point::x), LONG);
    Range up = Range.of(y.scale, all(Point::y), HIGH);
    List<Series> legend = legend();
    int columns = Math.min(2, Math.max(1, panels.size()));
    int rows = (panels.size() + columns - 1) / columns;
    int perRow = 2 * columns;
    int legendHeight = 18 * ((legend.size() + perRow - 1) / perRow) + 8;
    StringBuilder out = new StringBuilder();
    Picture.begin(out, title, columns * WIDTH, 30 + legendHeight + rows * HEIGHT);
    for (int i = 0; i < legend.size(); i++) {
      legend(out, legend, i, perRow);
    }
    for (int i = 0; i < panels.size(); i++) {
      Picture.line(
          out,
          "<g transform=\"translate(%d,%d)\">",
          i % columns * WIDTH + LEFT,
          30 + legendHeight + i / columns * HEIGHT + TOP);
      panel(out, panels.get(i), legend, across, up);
      Picture.line(out, "</g>");
    }
    Picture.line(out, "</svg>");
    return out.toString();
  }

  private static void legend(StringBuilder out, List<Series> legend, int number, int perRow) {
    int left = 8 + number % perRow * (WIDTH / 2);
    int top = 36 + number / perRow * 18;
    Series series = legend.get(number);
    Picture.line(
        out,
        "<path d=\"M%d %d h18\" stroke=\"%s\" stroke-width=\"%d\"/>",
        left,
        top,
        colour(legend, series.label),
        series.ours ? 4 : 2);
    Picture.line(
        out, "<text x=\"%d\" y=\"%d\">%s</text>", left + 24, top + 4, Picture.escape(series.label));
  }

  private void panel(StringBuilder out, Panel panel, List<Series> legend, Range across, Range up) {
    Picture.line(
        out, "<text x=\"0\" y=\"-10\" font-weight=\"bold\">%s</text>", Picture.escape(panel.title));
    for (Tick tick : y.ticks.isEmpty() ? up.ticks() : y.ticks) {
      double at = HIGH - up.place(tick.at);
      Picture.line(
          out,
          "<path class=\"y\" d=\"M0 %.1f H%d\" stroke=\"#808080\" stroke-opacity=\".3\"/>",
          at,
          LONG);
      Picture.line(
          out,
          "<text x=\"-5\" y=\"%.1f\" font-size=\"9\" text-anchor=\"end\">%s</text>",
          at + 3,
          tick.label);
    }
    for (Tick tick : x.ticks.isEmpty() ? across.ticks() : x.ticks) {
      double at = across.place(tick.at);
      Picture.line(
          out,
          "<path class=\"x\" d=\"M%.1f 0 V%d\" stroke=\"#808080\" stroke-opacity=\".3\"/>",
          at,
          HIGH);
      Picture.line(
          out,
          "<text x=\"%.1f\" y=\"%d\" font-size=\"9\" text-anchor=\"middle\">%s</text>",
          at,
          HIGH + 12,
          tick.label);
    }
    Picture.line(
        out,
        "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>",
        LONG / 2,
        HIGH + 27,
        Picture.escape(x.title));
    Picture.line(
        out,
        "<text transform=\"translate(-46,%d) rotate(-90)\" text-anchor=\"middle\">%s</text>",
        HIGH / 2,
        Picture.escape(y.title));
    for (Series series : panel.series) {
      series(out, series, colour(legend, series.label), across, up);
    }
  }

  private static void series(
      StringBuilder out, Series series, String colour, Range across, Range up) {
    StringBuilder path = new StringBuilder();
    for (Point point : series.points) {
      double at = across.place(point.x);
      double height = HIGH - up.place(point.y);
      path.append(String.format(Locale.ROOT, "%.1f,%.1f ", at, height));
      Picture.line(
          out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\" fill=\"%s\"/>", at, height, colour);
    }
    Picture.line(
        out,
        "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%s\"/>",
        path.toString().trim(),
        colour,
        series.ours ? "3" : "1.5");
  }
}
