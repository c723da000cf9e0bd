// SPDX-License-Identifier: Apache-2.0
package io.penstock.metrics;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The series of one type: which object is in which, and what those counted that have gone. */
final class Series {
  /** The objects that share a series. */
  private static final class Group {
    private final List<Measurement> shape;
    // What those counted that have gone, less what those had counted that came from other series.
    private final double[] gone;
    private double[] now;
    private int objects;

    Group(List<Measurement> shape) {
      this.shape = shape;
      this.gone = new double[shape.size()];
      this.now = gone.clone();
    }

    void left(List<Measurement> values) {
      for (int i = 0; i < gone.length; i++) {
        gone[i] += values.get(i).metric().isCounter() ? values.get(i).value() : 0;
      }
    }

    /** An object comes from another series, where what it has counted stays. */
    void came(List<Measurement> values) {
      for (int i = 0; i < gone.length; i++) {
        gone[i] -= values.get(i).metric().isCounter() ? values.get(i).value() : 0;
      }
    }

    /** Keeps what a counter had that counts anew: the object was made anew under its number. */
    void keep(List<Measurement> before, List<Measurement> values) {
      for (int i = 0; i < gone.length; i++) {
        boolean fell =
            values.get(i).metric().isCounter() && values.get(i).value() < before.get(i).value();
        gone[i] += fell ? before.get(i).value() : 0;
      }
    }

    void add(List<Measurement> values) {
      objects++;
      for (int i = 0; i < now.length; i++) {
        now[i] += values.get(i).value();
      }
    }

    void begin() {
      now = gone.clone();
      objects = 0;
    }

    List<Measurement> sums() {
      List<Measurement> sums = new ArrayList<>(now.length);
      for (int i = 0; i < now.length; i++) {
        sums.add(new Measurement(shape.get(i).metric(), shape.get(i).attribute(), now[i]));
      }
      return List.copyOf(sums);
    }
  }

  private record Last(Group group, String name, List<Measurement> values) {}

  private final String type;
  private final int max;
  private final Map<String, Group> groups = new TreeMap<>();
  private final Map<Long, Last> objects = new HashMap<>();
  private final Set<Long> seen = new HashSet<>();

  Series(String type, int max) {
    this.type = type;
    this.max = max;
  }

  /** An object is there. All of a type have the same measurements in the same order. */
  void see(long id, String name, List<Measurement> values) {
    seen.add(id);
    Last before = objects.get(id);
    Group group = before != null && before.name.equals(name) ? before.group : group(name, values);
    if (before != null) {
      if (group != before.group) {
        before.group.left(before.values);
        group.came(before.values);
      }
      group.keep(before.values, values);
    }
    objects.put(id, new Last(group, name, values));
  }

  private Group group(String name, List<Measurement> values) {
    int own = groups.size() - (groups.containsKey(PenstockMetrics.OTHER) ? 1 : 0);
    String series = groups.containsKey(name) || own < max ? name : PenstockMetrics.OTHER;
    return groups.computeIfAbsent(series, any -> new Group(values));
  }

  /** Ends a look: what was not seen has gone. */
  List<MeasuredObject> look() {
    objects
        .entrySet()
        .removeIf(
            object -> {
              boolean left = !seen.contains(object.getKey());
              if (left) {
                object.getValue().group.left(object.getValue().values);
              }
              return left;
            });
    seen.clear();
    groups.values().forEach(Group::begin);
    objects.values().forEach(object -> object.group.add(object.values));
    // What was summed as other goes on counting, however few there are now.
    groups
        .entrySet()
        .removeIf(
            group ->
                group.getValue().objects == 0 && !group.getKey().equals(PenstockMetrics.OTHER));
    List<MeasuredObject> result = new ArrayList<>();
    groups.forEach((name, group) -> result.add(new MeasuredObject(type, name, group.sums())));
    return result;
  }
}
