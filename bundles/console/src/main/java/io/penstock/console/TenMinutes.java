// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import io.penstock.runtime.ChannelDTO;
import io.penstock.runtime.PipeDTO;
import io.penstock.runtime.RateDTO;
import io.penstock.runtime.RelayDTO;
import io.penstock.runtime.RuntimeDTO;
import java.util.ArrayList;
import java.util.Arrays;
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

  private static final class Course {
    final float[] out = new float[SAMPLES];
    final float[] into = new float[SAMPLES];
    final float[] held = new float[SAMPLES];
    long seen;

    Course() {
      for (float[] all : List.of(out, into, held)) {
        Arrays.fill(all, Float.NaN);
      }
    }
  }

  private final long[] times = new long[SAMPLES];
  private final Map<String, Course> courses = new HashMap<>();
  private long looks;

  /** Remembers a look. */
  void add(RuntimeDTO now) {
    int place = (int) (looks++ % SAMPLES);
    times[place] = now.at();
    for (PipeDTO one : now.pipes()) {
      String key = RuntimeChanges.PIPES + "/" + one.id();
      set(key, place, one.source().bytes(), one.sink().bytes(), (double) one.buffered());
    }
    for (ChannelDTO one : now.channels()) {
      double held = one.source().buffered() + one.sink().buffered();
      String key = RuntimeChanges.CHANNELS + "/" + one.id();
      set(key, place, one.source().bytes(), one.sink().bytes(), held);
    }
    for (RelayDTO one : now.relays()) {
      String key = RuntimeChanges.RELAYS + "/" + one.id();
      set(key, place, one.forwarded(), one.returned(), Double.NaN);
    }
    courses.values().removeIf(course -> course.seen != looks);
  }

  private void set(String key, int place, RateDTO out, RateDTO into, double held) {
    Course course = courses.get(key);
    if (course == null) {
      if (courses.size() >= MOST_OBJECTS) {
        return;
      }
      course = new Course();
      courses.put(key, course);
    }
    course.seen = looks;
    course.out[place] = known(out);
    course.into[place] = known(into);
    course.held[place] = (float) held;
  }

  private static float known(RateDTO rate) {
    return rate.second() < 0 ? Float.NaN : (float) rate.second();
  }

  /** The samples of an object, the oldest first; none if there is no such object. */
  List<Map<String, @Nullable Object>> of(String key) {
    List<Map<String, @Nullable Object>> samples = new ArrayList<>();
    Course course = courses.get(key);
    for (long i = Math.max(0, looks - SAMPLES); course != null && i < looks; i++) {
      int place = (int) (i % SAMPLES);
      Map<String, @Nullable Object> sample = new LinkedHashMap<>();
      sample.put("at", times[place]);
      sample.put("out", course.out[place]);
      sample.put("into", course.into[place]);
      sample.put("held", course.held[place]);
      samples.add(sample);
    }
    return samples;
  }
}
