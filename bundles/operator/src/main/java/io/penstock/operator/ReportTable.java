// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator;

import io.penstock.spi.Messages;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A table for people: what a shell prints, by its own means or as {@link #text()}. Immutable.
 *
 * @param title what the rows are, such as {@code channels}
 * @param columns from left to right
 * @param rows each with a cell for each column
 */
@ProviderType
public record ReportTable(String title, List<Column> columns, List<Row> rows) {
  private static final String GAP = "  ";

  /**
   * Copies the lists.
   *
   * @param title what the rows are, such as {@code channels}
   * @param columns from left to right
   * @param rows each with a cell for each column
   */
  public ReportTable {
    columns = List.copyOf(columns);
    rows = List.copyOf(rows);
  }

  /**
   * A column. Immutable.
   *
   * @param name in small letters, which the user sorts and filters by
   * @param number whether it has numbers, which stand at its right side and are sorted as numbers
   */
  @ProviderType
  public record Column(String name, boolean number) {}

  /**
   * A cell. Immutable.
   *
   * @param text for people, in one line without characters that control a terminal
   * @param number what a column of numbers is sorted by; not a number where there is none
   */
  @ProviderType
  public record Cell(String text, double number) {
    /**
     * Makes foreign text visible.
     *
     * @param text any text
     * @param number what a column of numbers is sorted by; not a number where there is none
     */
    public Cell {
      text = Messages.visible(text);
    }
  }

  /**
   * A row. Immutable.
   *
   * @param object what it is of: a record of {@link io.penstock.runtime}
   * @param cells from left to right
   */
  @ProviderType
  public record Row(Record object, List<Cell> cells) {
    /**
     * Copies the list.
     *
     * @param object what it is of: a record of {@link io.penstock.runtime}
     * @param cells from left to right
     */
    public Row {
      cells = List.copyOf(cells);
    }
  }

  /**
   * Keeps some rows.
   *
   * @param filters each is a text that some cell contains, or {@code COLUMN=TEXT} for a text that
   *     the cell of that column contains; capital and small letters are the same, those of the name
   *     as well
   * @return the rows that all filters are true of
   * @throws IllegalArgumentException if there is no such column; the message names those that there
   *     are
   */
  public ReportTable filtered(List<String> filters) {
    List<Row> kept = new ArrayList<>(rows);
    for (String filter : filters) {
      int equals = filter.indexOf('=');
      // An endpoint may have an equals sign of its own, after its scheme.
      String typed = filter.substring(0, Math.max(0, equals));
      String name = typed.toLowerCase(Locale.ROOT);
      boolean ofColumn =
          columns.stream().anyMatch(each -> each.name().equals(name)) || typed.matches("[a-z-]+");
      int column = ofColumn ? index(name) : -1;
      String wanted = (ofColumn ? filter.substring(equals + 1) : filter).toLowerCase(Locale.ROOT);
      kept.removeIf(
          row ->
              (column < 0 ? row.cells() : row.cells().subList(column, column + 1))
                  .stream()
                      .noneMatch(cell -> cell.text().toLowerCase(Locale.ROOT).contains(wanted)));
    }
    return new ReportTable(title, columns, kept);
  }

  /**
   * Sorts the rows; what is equal stays in its order. Numbers come from the largest to the
   * smallest, text from A to Z.
   *
   * @param key the name of a column; with {@code -} before it the other way round
   * @return the sorted table
   * @throws IllegalArgumentException if there is no such column; the message names those that there
   *     are
   */
  public ReportTable sorted(String key) {
    boolean reversed = key.startsWith("-");
    int column = index(reversed ? key.substring(1) : key);
    Comparator<Row> order =
        columns.get(column).number()
            ? Comparator.comparingDouble(row -> -known(row.cells().get(column).number()))
            : Comparator.comparing(row -> row.cells().get(column).text().toLowerCase(Locale.ROOT));
    List<Row> sorted = new ArrayList<>(rows);
    sorted.sort(reversed ? order.reversed() : order);
    return new ReportTable(title, columns, sorted);
  }

  /** What is not known is less than all else. */
  private static double known(double number) {
    return Double.isNaN(number) ? Double.NEGATIVE_INFINITY : number;
  }

  private int index(String name) {
    List<String> names = columns.stream().map(Column::name).toList();
    int index = names.indexOf(name);
    if (index < 0) {
      throw new IllegalArgumentException(
          title
              + ": there is no column '"
              + name
              + "'; expected "
              + String.join(", ", names)
              + Messages.didYouMean(name, names));
    }
    return index;
  }

  /**
   * The table as text: names of columns in capitals, columns aligned, two spaces between them.
   *
   * @return lines, each with a line feed; a single one that says so if there is no row
   */
  public String text() {
    if (rows.isEmpty()) {
      return "no " + title + "\n";
    }
    int[] widths = columns.stream().mapToInt(column -> column.name().length()).toArray();
    for (Row row : rows) {
      Arrays.setAll(widths, i -> Math.max(widths[i], width(row.cells().get(i).text())));
    }
    StringBuilder text = new StringBuilder();
    line(text, widths, columns.stream().map(c -> c.name().toUpperCase(Locale.ROOT)).toList());
    for (Row row : rows) {
      line(text, widths, row.cells().stream().map(Cell::text).toList());
    }
    return text.toString();
  }

  private void line(StringBuilder text, int[] widths, List<String> cells) {
    int start = text.length();
    for (int i = 0; i < widths.length; i++) {
      String padding = " ".repeat(widths[i] - width(cells.get(i)));
      text.append(i == 0 ? "" : GAP);
      text.append(columns.get(i).number() ? padding + cells.get(i) : cells.get(i) + padding);
    }
    int end = text.length();
    while (end > start && text.charAt(end - 1) == ' ') {
      end--;
    }
    text.setLength(end);
    text.append('\n');
  }

  private static int width(String text) {
    return text.codePointCount(0, text.length());
  }
}
