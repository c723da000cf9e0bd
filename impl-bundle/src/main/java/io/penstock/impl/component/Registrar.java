// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import java.util.Map;

/** Where services are registered. */
@FunctionalInterface
interface Registrar {
  /**
   * Registers a service.
   *
   * @return withdraws it; does nothing the second time
   */
  Runnable register(Class<?> type, Object service, Map<String, Object> properties);

  /**
   * Registers a service, and for just as long the condition that it is there, where there are
   * conditions.
   *
   * @param condition the value of {@code osgi.condition.id}
   * @param properties with the name of the service, which the condition has, too
   * @return withdraws both; does nothing the second time
   */
  default Runnable registerWith(
      String condition, Class<?> type, Object service, Map<String, Object> properties) {
    return register(type, service, properties);
  }
}
