// SPDX-License-Identifier: Apache-2.0
/** The server, its files, and what it needs of a session. */
@NullMarked
package io.penstock.sftp.impl;

import org.jspecify.annotations.NullMarked;
