// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** What a test, or each test of a class, may leave behind. */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.TYPE})
public @interface AllowLeaks {
  /**
   * What is not looked for.
   *
   * @return everything by default
   */
  Leak[] value() default {Leak.CHANNELS, Leak.THREADS, Leak.DESCRIPTORS};
}
