using System.Text;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Tests.Hosts;

public class MountTableTests
{
    private const string Table = """
        22 28 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw
        23 28 0:21 / /proc rw - proc proc rw
        28 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
        29 28 8:2 / /mnt/my\040disk\134x\011y rw - xfs /dev/my\040dev rw
        30 28 8:1 /var/lib/x /srv/bind rw,relatime shared:1 - ext4 /dev/sda1 rw
        31 28 0:40 / /var/lib/docker/overlay2/ab/merged rw - overlay overlay rw,lowerdir=x
        32 28 0:41 / /run rw,nosuid shared:5 - tmpfs tmpfs rw,size=1k
        33 28 0:42 / /run/user/1000 rw - tmpfs tmpfs rw
        34 28 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro
        35 28 0:43 / /data ro,relatime - nfs4 files:/data rw,vers=4.2
        36 28 0:44 / /dev rw - devtmpfs udev rw
        37 36 0:45 / /dev/shm rw - tmpfs tmpfs rw
        38 28 8:3 / /over rw - ext4 /dev/sdc rw
        39 38 8:4 / /over rw - ext4 /dev/sdd rw
        40 28 8:5 /etc/hosts /etc/hosts rw - ext4 /dev/sde rw
        41 28 0:46 / /empty rw - tmpfs  rw
        broken line
        42 28 8:9 / /cut rw
        """;

    [Fact]
    public void Lines_are_read_with_their_escapes_and_optional_fields()
    {
        var entries = MountTable.Parse(Encoding.UTF8.GetBytes(Table));

        Assert.Contains(new MountEntry("8:2", "/", "/mnt/my disk\\x\ty", "xfs", "/dev/my dev", false), entries);
        Assert.Contains(new MountEntry("0:43", "/", "/data", "nfs4", "files:/data", true), entries);
        Assert.Equal(16, entries.Count);
    }

    [Fact]
    public void Only_real_file_systems_remain_and_each_once()
    {
        var real = MountTable.SelectReal(MountTable.Parse(Encoding.UTF8.GetBytes(Table)), path => path != "/etc/hosts");

        Assert.Equal(["/", "/data", "/dev/shm", "/empty", "/mnt/my disk\\x\ty", "/over", "/run"], real.Select(entry => entry.Path));
        Assert.Equal("/dev/sdd", real.Single(entry => entry.Path == "/over").Device);
        Assert.True(real.Single(entry => entry.Path == "/data").IsRemote);
    }

    [Fact]
    public void A_containers_root_is_its_overlay()
    {
        var entries = MountTable.Parse("1 0 0:50 / / rw - overlay overlay rw\n"u8);

        Assert.Equal("/", Assert.Single(MountTable.SelectReal(entries)).Path);
    }

    [Theory]
    [InlineData("4096 100 50 40 10 5", 409600, null)]
    [InlineData("it cannot be read", 0, "it cannot be read")]
    [InlineData(null, 0, "it does not answer")]
    [InlineData("1 2 3", 0, "1 2 3")]
    public void Sizes_come_from_stat(string? line, long total, string? problem)
    {
        var mount = MountTable.WithUsage(new MountEntry("8:1", "/", "/", "ext4", "/dev/sda", false), line);

        Assert.Equal((total, problem), (mount.TotalBytes, mount.Problem));
    }

    [Fact]
    public void Use_is_what_df_shows_and_leaves_the_reserve_out()
    {
        var mount = new HostMount("/", "d", "ext4", TotalBytes: 1000, FreeBytes: 300, AvailableBytes: 250, TotalInodes: 10, FreeInodes: 1, ReadOnly: false);

        Assert.Equal(100.0 * 700 / 950, mount.UsedPercent);
        Assert.Equal(90, mount.UsedInodesPercent);
        Assert.Equal(0, (mount with { TotalInodes = 0 }).UsedInodesPercent);
    }
}
