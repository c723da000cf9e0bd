// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.TestTemplate;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A case that runs once from a platform thread and, where the JDK has them, once from a virtual
 * thread, each within a time limit, so that a hang is a failure with the threads' stacks. The
 * configuration parameter {@code io.penstock.testing.threads} (default {@code all}; {@code
 * platform}, {@code virtual}) chooses one; {@code io.penstock.testing.report} names the folder of
 * the {@link CaseReport}.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@TestTemplate
@ExtendWith(CaseRunner.class)
public @interface Case {
  /**
   * What the kind must have; otherwise the case is skipped with the kind's reason.
   *
   * @return the traits
   */
  Trait[] needs() default {};

  /**
   * The time limit.
   *
   * @return seconds
   */
  int seconds() default 30;
}
