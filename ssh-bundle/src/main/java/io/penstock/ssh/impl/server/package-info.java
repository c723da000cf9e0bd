// SPDX-License-Identifier: Apache-2.0
/** Our being the server: listening, checking who the client is, taking what it asks for. */
@NullMarked
package io.penstock.ssh.impl.server;

import org.jspecify.annotations.NullMarked;
