// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam;

import java.io.Serializable;

/** What a container tells the host about the class it runs, in the order in which it happens. */
public sealed interface RemoteEvent extends Serializable {

  /**
   * A node of the test tree was found, before the run or during it.
   *
   * @param id the node's unique identifier inside the container
   * @param parentId that of its parent, or null for the test class itself
   * @param displayName the name for people
   * @param reportName the name in reports
   * @param container whether it can have children
   * @param test whether it is a test
   * @param className the class it comes from, or null
   * @param methodName the method it comes from, or null
   * @param parameterTypes the method's parameter types, comma-separated
   */
  record Planned(
      String id,
      String parentId,
      String displayName,
      String reportName,
      boolean container,
      boolean test,
      String className,
      String methodName,
      String parameterTypes)
      implements RemoteEvent {}

  /** A node began. */
  record Started(String id) implements RemoteEvent {}

  /** A node was not run, because of {@code reason}. */
  record Skipped(String id, String reason) implements RemoteEvent {}

  /** A node ended; {@code failure} is null when it passed. */
  record Finished(String id, Outcome outcome, RemoteFailure failure) implements RemoteEvent {}

  /** The run as a whole failed outside any node. */
  record Broken(RemoteFailure failure) implements RemoteEvent {}

  /** Nothing follows. */
  record Done() implements RemoteEvent {}

  /** How a node ended. */
  enum Outcome {
    /** It passed. */
    PASSED,
    /** An assumption did not hold. */
    ABORTED,
    /** It failed. */
    FAILED
  }
}
