// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Loads the product, and the actors, rewritten for the machine. */
final class SimLoader extends ClassLoader {
  private static final String MACHINE = "io.penstock.simulation.machine.";

  private final Map<String, byte[]> classes = new LinkedHashMap<>();
  private final Rewriter rewriter;

  /**
   * A loader.
   *
   * @param folders of classes; the first that has a class goes before the others
   */
  SimLoader(List<Path> folders) throws IOException {
    super("simulated", SimLoader.class.getClassLoader());
    Set<String> volatiles = new HashSet<>();
    for (Path folder : folders) {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : (Iterable<Path>) files.sorted()::iterator) {
          String name = folder.relativize(file).toString().replace('/', '.');
          if (name.endsWith(".class") && !name.contains("-info") && !name.startsWith("META")) {
            byte[] bytes = Files.readAllBytes(file);
            classes.putIfAbsent(name.substring(0, name.length() - 6), bytes);
            Rewriter.volatiles(bytes, volatiles);
          }
        }
      }
    }
    this.rewriter = new Rewriter(volatiles);
  }

  private boolean own(String name) {
    return name.startsWith("io.penstock.")
        && !name.startsWith(MACHINE)
        && classes.containsKey(name);
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!own(name)) {
      return super.loadClass(name, resolve);
    }
    Class<?> known = findLoadedClass(name);
    if (known == null) {
      try {
        byte[] bytes = rewriter.rewrite(classes.get(name));
        known = defineClass(name, bytes, 0, bytes.length);
      } catch (UncheckedIOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
    return known;
  }

  /** Initialises what the runs may use: in a run nobody may leave while a class is initialised. */
  void prepare(List<String> packages) {
    for (String name : classes.keySet()) {
      if (own(name) && packages.stream().anyMatch(name::startsWith)) {
        try {
          Class<?> unused = Class.forName(name, true, this);
        } catch (ClassNotFoundException | LinkageError e) {
          // Needs what is not here, such as OSGi: then no run uses it either.
          if (Boolean.getBoolean("penstock.debug")) {
            System.err.println(name + ": " + e);
          }
        }
      }
    }
  }
}
