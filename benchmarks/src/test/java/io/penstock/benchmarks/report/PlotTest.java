// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.benchmarks.report.Plot.Axis;
import io.penstock.benchmarks.report.Plot.Panel;
import io.penstock.benchmarks.report.Plot.Point;
import io.penstock.benchmarks.report.Plot.Range;
import io.penstock.benchmarks.report.Plot.Scale;
import io.penstock.benchmarks.report.Plot.Series;
import io.penstock.benchmarks.report.Plot.Tick;
import java.io.StringReader;
import java.util.List;
import java.util.stream.DoubleStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.xml.sax.InputSource;

class PlotTest {
  private static Range log(double... values) {
    return Range.of(Scale.LOG, DoubleStream.of(values), 300);
  }

  @Test
  void aDecadeIsAsLongAsAnyOther() {
    Range range = log(2, 700);
    assertEquals(0, range.place(1), 1e-9);
    assertEquals(100, range.place(10), 1e-9);
    assertEquals(200, range.place(100), 1e-9);
    assertEquals(300, range.place(1000), 1e-9);
    assertEquals(150, range.place(Math.sqrt(1000)), 1e-9);
  }

  @Test
  void aLogarithmicAxisHasANumberAtEachPowerOfTen() {
    assertEquals(
        List.of("0.1", "1", "10", "100"), log(.5, 60).ticks().stream().map(Tick::label).toList());
    assertEquals(List.of("10", "100"), log(10, 100).ticks().stream().map(Tick::label).toList());
    // Of one number, too, there is a scale.
    assertEquals(List.of("10", "100"), log(10).ticks().stream().map(Tick::label).toList());
  }

  @Test
  void whatIsNotAboveZeroHasNoPlaceOnIt() {
    assertThrows(IllegalArgumentException.class, () -> log(0, 10));
  }

  @Test
  void aLinearAxisBeginsAtZeroAndHasRoundNumbers() {
    Range range = Range.of(Scale.LINEAR, DoubleStream.of(30, 40), 420);
    assertEquals(0, range.place(0), 1e-9);
    assertEquals(400, range.place(40), 1e-9);
    assertEquals(
        List.of("0", "10", "20", "30", "40"), range.ticks().stream().map(Tick::label).toList());
  }

  @Test
  void aPlotHasAxesWithUnitsALegendAndALineForEach() throws Exception {
    Series ours = new Series("Penstock", true, List.of(new Point(1, 10), new Point(1000, 20)));
    Series theirs = new Series("A < B", false, List.of(new Point(1, 1), new Point(1000, 2)));
    String svg =
        new Plot(
                "Title",
                Axis.log("connections"),
                Axis.log("µs"),
                List.of(new Panel("one", List.of(ours, theirs)), new Panel("two", List.of(theirs))))
            .svg();
    var document =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new InputSource(new StringReader(svg)));
    var lines = document.getElementsByTagName("polyline");
    assertEquals(3, lines.getLength());
    assertEquals(6, document.getElementsByTagName("circle").getLength());
    // 1 to 100 on the axis at the left: 10 is in the middle, and the line ends above it.
    assertEquals(
        "0.0,90.0 340.0,62.9", lines.item(0).getAttributes().getNamedItem("points").getNodeValue());
    String text = document.getDocumentElement().getTextContent();
    for (String expected : List.of("Title", "connections", "µs", "Penstock", "A < B", "1000")) {
      assertTrue(text.contains(expected), expected);
    }
    // Once in the legend for both panels.
    assertEquals(text.indexOf("A < B"), text.lastIndexOf("A < B"));
  }
}
