// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import io.penstock.runtime.ChannelDTO;
import io.penstock.runtime.PipeDTO;
import io.penstock.runtime.RateDTO;
import io.penstock.runtime.RelayDTO;
import io.penstock.runtime.RuntimeDTO;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How fast each object was, and how full, once a second. Of the first {@value #MOST_OBJECTS}
 * objects only: an object takes 7 KiB. Not thread-safe.
 */
final class TenMinutes {
  static final int MOST_OBJECTS = 2000;
  private static final int SAMPLES = 600;

  private static final int OUT = 0;
  private static final int INTO = 1;
  private static final int HELD = 2;
  private static final int NUMBERS = 3;

  /** Which column of the looks is an object's, and since which look. */
  private static final class Course {
    final int column;
    final long since;
    long seen;

    Course(int column, long since) {
      this.column = column;
      this.since = since;
    }
  }

  private final long[] times = new long[SAMPLES];
  // A look's numbers lie together: of an array for each object a look would touch a cold page each.
  private final float[][] rows = new float[SAMPLES][];
  private final Map<String, Course> courses = new HashMap<>();
  private final BitSet columns = new BitSet();
  private float[] row = new float[0];
  private long looks;

  /** Remembers a look. */
  void add(RuntimeDTO now) {
    row = new float[NUMBERS * columns.length()];
    for (PipeDTO one : now.pipes()) {
      String key = RuntimeChanges.PIPES + "/" + one.id();
      set(key, one.source().bytes(), one.sink().bytes(), (double) one.buffered());
    }
    for (ChannelDTO one : now.channels()) {
      double held = one.source().buffered() + one.sink().buffered();
      String key = RuntimeChanges.CHANNELS + "/" + one.id();
      set(key, one.source().bytes(), one.sink().bytes(), held);
    }
    for (RelayDTO one : now.relays()) {
      String key = RuntimeChanges.RELAYS + "/" + one.id();
      set(key, one.forwarded(), one.returned(), Double.NaN);
    }
    courses.values().removeIf(this::hasGone);
    int place = (int) (looks++ % SAMPLES);
    times[place] = now.at();
    rows[place] = row;
  }

  private boolean hasGone(Course course) {
    boolean gone = course.seen != looks;
    if (gone) {
      columns.clear(course.column);
    }
    return gone;
  }

  private void set(String key, RateDTO out, RateDTO into, double held) {
    Course course = courses.get(key);
    if (course == null) {
      if (courses.size() >= MOST_OBJECTS) {
        return;
      }
      course = new Course(columns.nextClearBit(0), looks);
      columns.set(course.column);
      courses.put(key, course);
    }
    course.seen = looks;
    int first = NUMBERS * course.column;
    if (first >= row.length) {
      row = Arrays.copyOf(row, 2 * (first + NUMBERS));
    }
    row[first + OUT] = known(out);
    row[first + INTO] = known(into);
    row[first + HELD] = (float) held;
  }

  private static float known(RateDTO rate) {
    return rate.second() < 0 ? Float.NaN : (float) rate.second();
  }

  /** The samples of an object, the oldest first; none if there is no such object. */
  List<Map<String, @Nullable Object>> of(String key) {
    List<Map<String, @Nullable Object>> samples = new ArrayList<>();
    Course course = courses.get(key);
    for (long look = Math.max(0, looks - SAMPLES); course != null && look < looks; look++) {
      int place = (int) (look % SAMPLES);
      // An object is told of at each look since its first.
      boolean was = look >= course.since;
      int first = NUMBERS * course.column;
      Map<String, @Nullable Object> sample = new LinkedHashMap<>();
      sample.put("at", times[place]);
      sample.put("out", was ? rows[place][first + OUT] : Float.NaN);
      sample.put("into", was ? rows[place][first + INTO] : Float.NaN);
      sample.put("held", was ? rows[place][first + HELD] : Float.NaN);
      samples.add(sample);
    }
    return samples;
  }
}
