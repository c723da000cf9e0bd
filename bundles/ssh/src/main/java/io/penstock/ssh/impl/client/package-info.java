// SPDX-License-Identifier: Apache-2.0
/**
 * The client role: connecting, checking the server's identity, logging in, asking for a program.
 */
@NullMarked
package io.penstock.ssh.impl.client;

import org.jspecify.annotations.NullMarked;
