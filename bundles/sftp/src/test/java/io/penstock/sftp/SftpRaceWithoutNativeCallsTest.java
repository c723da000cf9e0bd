// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp;

/** The same, with what the JDK has. */
class SftpRaceWithoutNativeCallsTest extends SftpRaceTest {
  @Override
  String natives() {
    return "none";
  }
}
