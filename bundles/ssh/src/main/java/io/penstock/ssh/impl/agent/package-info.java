// SPDX-License-Identifier: Apache-2.0
/** Keys that an agent of the user's holds: it lists them and signs with them. */
@NullMarked
package io.penstock.ssh.impl.agent;

import org.jspecify.annotations.NullMarked;
