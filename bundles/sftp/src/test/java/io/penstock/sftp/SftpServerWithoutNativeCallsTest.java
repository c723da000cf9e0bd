// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp;

/** The same, with what the JDK has. */
class SftpServerWithoutNativeCallsTest extends SftpServerTest {
  @Override
  String natives() {
    return "none";
  }
}
