// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.junit;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Map;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

/** The class {@code Penstock} of the implementation, which this bundle does not compile against. */
final class Standalone {
  static final String NAME = "io.penstock.standalone.Penstock";

  private final Object penstock;

  private Standalone(Object penstock) {
    this.penstock = penstock;
  }

  /** Opens one that remembers where things are made. */
  static Standalone open(ClassLoader loader) {
    try {
      Class<?> type = Class.forName(NAME, true, loader);
      Standalone made = new Standalone(type.getMethod("open").invoke(null));
      type.getMethod("traceMaking", boolean.class).invoke(made.penstock, true);
      return made;
    } catch (ClassNotFoundException e) {
      throw new ExtensionConfigurationException(
          NAME + " is not on the class path of the test: io.penstock.impl is needed there", e);
    } catch (ReflectiveOperationException e) {
      throw unusable(e);
    }
  }

  private static ExtensionConfigurationException unusable(ReflectiveOperationException e) {
    return new ExtensionConfigurationException(
        NAME + " is of another version than io.penstock.testing, or cannot be opened", e);
  }

  Object penstock() {
    return penstock;
  }

  /** The result of a method without parameters. */
  <T> T get(String name, Class<T> type) {
    try {
      Method method = penstock.getClass().getMethod(name);
      return type.cast(method.invoke(penstock));
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RuntimeException refused) {
        throw refused;
      }
      throw unusable(e);
    } catch (ReflectiveOperationException e) {
      throw unusable(e);
    }
  }

  Map<?, ?> unclosed() {
    return get("unclosed", Map.class);
  }

  void close() throws Exception {
    ((AutoCloseable) penstock).close();
  }
}
