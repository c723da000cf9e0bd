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
}
