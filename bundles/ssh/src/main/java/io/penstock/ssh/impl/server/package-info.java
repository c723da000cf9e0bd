// SPDX-License-Identifier: Apache-2.0
/** The server role: listening, checking the client's identity, taking its requests. */
@NullMarked
package io.penstock.ssh.impl.server;

import org.jspecify.annotations.NullMarked;
