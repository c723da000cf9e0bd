// SPDX-License-Identifier: Apache-2.0
/**
 * The storm: steps by seed that restart, refresh, update and uninstall bundles and change
 * configurations, while every byte of the traffic is checked.
 */
package io.penstock.itests.storm;
