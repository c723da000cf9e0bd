// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.protocol;

/** Why an entry is not used any more. */
public enum Removal {
  /** Its node has removed it, or nobody watches its name any more. */
  WITHDRAWN,

  /** Its node was silent for a session. */
  SILENT,

  /** The registry has said three times that its node is not there. */
  DEAD
}
