// SPDX-License-Identifier: Apache-2.0
/**
 * Our being the client: connecting, checking who the server is, logging in, asking for a program.
 */
@NullMarked
package io.penstock.ssh.impl.client;

import org.jspecify.annotations.NullMarked;
