// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

/**
 * The contract of a {@link io.penstock.stream.ByteSink} and a {@link io.penstock.stream.ByteSource}
 * that belong together, as cases that run against every kind of pipe and channel. Extend it, and
 * say which kind:
 *
 * <pre>{@code
 * class MyKindTest extends ContractSuite {
 *   @Override
 *   protected Kind kind() {
 *     return Kind.of("mine", () -> Subject.of(near, far))
 *         .without(Trait.ABORT_DELIVERED, "a reset overtakes what was sent");
 *   }
 * }
 * }</pre>
 *
 * <p>A case that needs what the kind lacks is skipped with the kind's reason; {@link CaseReport}
 * compares what was skipped with a file. The cases are package-private on purpose: a kind passes
 * all of them or states what it lacks, but overrides none.
 */
public abstract class ContractSuite extends FrameCases {
  /** For subclasses. */
  protected ContractSuite() {}

  /**
   * The kind that the suite runs against.
   *
   * @return always the same
   */
  @Override
  protected abstract Kind kind();
}
