"""What the system remembers of the hardware and hours of the build."""

from __future__ import annotations

from goldsmith.generalization.operation import removal

# A stamp of the build lets a persistent timer fire at a clone's first boot; without one it waits for its next time.
removal(
    "system-state",
    (
        "/var/lib/systemd/timers/*",
        "/var/lib/systemd/timesync/clock",
        "/var/lib/private/systemd/timesync/clock",
        "/var/lib/systemd/rfkill/*",
        "/var/lib/systemd/backlight/*",
        "/var/lib/systemd/pcrlock.json",
        "/var/lib/chrony/*",
        "/var/lib/ntp/*.drift",
        "/var/lib/ntp/drift",
        "/var/lib/ntpsec/ntp.drift",
        "/var/lib/upower/*",
        "/var/lib/bluetooth/*",
        "/var/lib/alsa/asound.state",
        "/var/lib/fwupd/*.db",
        "/etc/multipath/wwids",
        "/etc/multipath/bindings",
    ),
    covers="timer stamps, clock drift, switches of radios and lights, multipath's disks",
    reason="belongs to the build machine's hardware or hours",
)
