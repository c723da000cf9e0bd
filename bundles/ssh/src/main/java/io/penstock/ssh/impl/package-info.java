// SPDX-License-Identifier: Apache-2.0
/** What the two sides of a connection have in common. */
@NullMarked
package io.penstock.ssh.impl;

import org.jspecify.annotations.NullMarked;
