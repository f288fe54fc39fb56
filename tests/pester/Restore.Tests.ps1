# Back up, test, lose data, get it back, as an operator does it.
BeforeDiscovery {
    $script:binaries = Get-ChildItem /usr/lib/postgresql -Directory -ErrorAction Ignore |
        Sort-Object { [int]$_.Name } -Descending | ForEach-Object { Join-Path $_ 'bin' } | Where-Object { Test-Path "$_/initdb" } | Select-Object -First 1
}

Describe 'Restoring a database of PostgreSQL' -Skip:(-not $binaries -or -not (Get-Command pg_restore -ErrorAction Ignore)) {
    BeforeAll {
        Import-Module "$PSScriptRoot/../../OpsRunbook.psd1" -Force
        $binaries = Get-ChildItem /usr/lib/postgresql -Directory |
            Sort-Object { [int]$_.Name } -Descending | ForEach-Object { Join-Path $_ 'bin' } | Where-Object { Test-Path "$_/initdb" } | Select-Object -First 1

        # The server refuses to run as root; its socket and data are in a folder of its own.
        $folder = [IO.Directory]::CreateTempSubdirectory('opsrunbook-pester-').FullName
        $account = if ([Environment]::UserName -eq 'root') { chown postgres $folder; 'setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups' } else { @() }
        $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
        $listener.Start(); $port = $listener.LocalEndpoint.Port; $listener.Stop()
        $password = [Guid]::NewGuid().ToString('N')
        Set-Content "$folder/password" $password
        if ($account) { chown postgres "$folder/password" }
        $initialise = @($account) + "$binaries/initdb", '-D', "$folder/data", '-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', "$folder/password", '--no-sync'
        Push-Location $folder
        $null = & $initialise[0] @($initialise[1..$initialise.Count])
        $start = @($account) + "$binaries/postgres", '-D', "$folder/data", '-p', "$port", '-c', 'listen_addresses=127.0.0.1', '-c', "unix_socket_directories=$folder", '-c', 'fsync=off'
        $server = Start-Process $start[0] $start[1..$start.Count] -PassThru -RedirectStandardError "$folder/log" -RedirectStandardOutput "$folder/out"
        Pop-Location
        $env:OPSRUNBOOK_PESTER_RESTORE = $password
        $env:OPSRUNBOOK_STATE = "$folder/state"
        $null = New-Item -ItemType Directory "$folder/sets"
        $stack = "$folder/shop.yaml"
        Set-Content $stack @"
stack: shop
databases:
  admin: { engine: postgres, server: 127.0.0.1, port: $port, user: postgres, password: "`${env:OPSRUNBOOK_PESTER_RESTORE}" }
  db: { engine: postgres, server: 127.0.0.1, port: $port, database: shop, user: postgres, password: "`${env:OPSRUNBOOK_PESTER_RESTORE}" }
backups:
  nightly: { database: db, directory: "$folder/sets", testQuery: "SELECT count(*) FROM customers" }
"@
        foreach ($attempt in 1..200) {
            if ((Test-DbConnection admin -Stack $stack).Status -eq 'Healthy') { break }
            Start-Sleep -Milliseconds 100
        }

        $env:PGPASSWORD = $password
        psql -X -q -h 127.0.0.1 -p $port -U postgres -c 'CREATE DATABASE shop'
        psql -X -q -h 127.0.0.1 -p $port -U postgres -d shop -c "CREATE TABLE customers (id int, name text); INSERT INTO customers SELECT n, 'customer ' || n FROM generate_series(1, 100) n"
        Remove-Item Env:PGPASSWORD
        $null = Backup-Database nightly -CountRows -Stack $stack
    }

    AfterAll {
        if ($server -and -not $server.HasExited) {
            & kill -INT $server.Id
            $null = $server.WaitForExit(20000)
        }

        Remove-Item Env:OPSRUNBOOK_PESTER_RESTORE, Env:OPSRUNBOOK_STATE -ErrorAction Ignore
        if ($folder) { Remove-Item $folder -Recurse -Force -ErrorAction Ignore }
    }

    It 'tests the newest set by restoring it' {
        $test = Test-DbBackup nightly -Level Restore -Newest -Stack $stack
        $test.Passed | Should -BeTrue
        $test.Tables, $test.Rows, $test.Answer | Should -Be 1, 100, '100'
        (Get-DbBackup nightly -Stack $stack).IsVerified | Should -BeTrue
        ($test | Out-String -Width 120).Split("`n").TrimEnd() | ForEach-Object Length | Should -Not -BeGreaterThan 120
    }

    It 'gets lost rows out of the backup' {
        $null = Invoke-DbQuery db 'DELETE FROM customers WHERE id > 90' -AllowWrite -Confirm:$false -Stack $stack
        $rows = Export-DbBackupData nightly 'SELECT id, name FROM customers WHERE id > @from ORDER BY id' -Parameters @{ from = 90 } -Table customers -Stack $stack
        $rows.Count | Should -Be 10
        $rows[0].name | Should -Be 'customer 91'
    }

    It 'shows its plan, restores, and puts back what was there' {
        $plan = Get-DbBackup nightly -Stack $stack | Restore-Database -Stack $stack -WhatIf
        $plan.Action | Should -Be 'Create', 'Restore', 'Verify', 'Rename', 'Rename'
        $result = Get-DbBackup nightly -Stack $stack | Restore-Database -Stack $stack -Confirm:$false
        $result.Outcome | Should -Be 'Replaced'
        (Invoke-DbQuery db 'SELECT count(*) AS n FROM customers' -Stack $stack).n | Should -Be 100
        $null = Restore-Database nightly -Kept $result.KeptAs -Stack $stack -Confirm:$false
        (Invoke-DbQuery db 'SELECT count(*) AS n FROM customers' -Stack $stack).n | Should -Be 90
    }

    It 'finds a set that was changed' {
        $set = Get-DbBackup nightly -Stack $stack
        $file = Get-ChildItem $set.Path -File -Recurse | Where-Object Name -ne 'manifest.json' | Sort-Object Length | Select-Object -Last 1
        $bytes = [IO.File]::ReadAllBytes($file.FullName)
        $bytes[$bytes.Length / 2] = $bytes[$bytes.Length / 2] -bxor 1
        [IO.File]::WriteAllBytes($file.FullName, $bytes)
        $test = $set | Test-DbBackup -Level Checksum -Stack $stack
        $test.Passed | Should -BeFalse
        { $set | Restore-Database -Stack $stack -Confirm:$false -ErrorAction Stop } | Should -Throw '*failed its last test*'
    }
}
